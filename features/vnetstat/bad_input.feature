Feature: vnetstat names what it cannot show

  Scenario: names without a virtual server, and one that does not run
    Given a guest "web"
    When I run "vnetstat nosuch ../web web 77 0 | head -n 1"
    Then it prints "Server root server (context 0)"
    And it says on standard error:
      """
      vnetstat: No configuration for this vserver: /etc/vservers/nosuch.conf
      vnetstat: No configuration for this vserver: /etc/vservers/../web.conf
      vnetstat: Server web is not running
      vnetstat: Server 77 is not running
      """
    When I run "vnetstat nosuch"
    Then the command fails with status 255

  Scenario: ALL is all, if it is the root server alone
    When I run "vnetstat ALL | head -n 1"
    Then it prints "Server root server (context 0)"

  Scenario: a number that is none of a context
    When I run "vnetstat $(printf %0300d 7)"
    Then the command fails with status 255
    And standard error contains "is not running"

  Scenario Outline: how it is called
    When I run "vnetstat <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "vnetstat version 0.31"

    Examples:
      | words      |
      |            |
      | -t         |
      | -tz web    |
      | --tc web   |
      | - web      |

  Scenario Outline: who may not look into other contexts
    When I run "<command>"
    Then the command fails with status 255
    And it says "vnetstat: Can't select context 1 (Operation not permitted)" on standard error

    Examples:
      | command                                       |
      | chcontext --silent vnetstat 0                 |
      | setpriv --reuid 1000 --clear-groups vnetstat 0 |
