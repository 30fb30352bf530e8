Feature: vserver-stat looks for root of the root server only

  Scenario: any argument shows how it is called
    When I run "vserver-stat -x 2>&1 | head -n 1; vserver-stat -x 2>/dev/null"
    Then the command succeeds
    And it prints "vserver-stat: from vserver kit version 0.31"

  Scenario: a user
    When I run "setpriv --reuid 1000 --clear-groups vserver-stat"
    Then the command fails with status 255
    And it prints nothing
    And it says on standard error:
      """
      vserver-stat: unable to switch in context security #1
      """

  Scenario: root in a context
    When I run "chcontext --silent vserver-stat"
    Then the command fails with status 255
    And it says on standard error:
      """
      vserver-stat: unable to switch in context security #1
      """

  Scenario: an observer is where it wants to be
    When I run "chcontext --silent --ctx 1 vserver-stat"
    Then the command succeeds
    And the output contains "root server"
