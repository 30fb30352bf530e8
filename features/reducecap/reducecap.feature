Feature: reducecap runs a command with fewer capabilities, in the context where it is

  @0.13-01 @0.13-02 @0.13-03
  Scenario Outline: capabilities are taken away
    When I run "reducecap <options> grep CapBnd /proc/self/status"
    Then the command succeeds
    And it says "Executing" on standard error
    And it prints "CapBnd:	<ceiling>"

    Examples:
      | options                          | ceiling          |
      | --secure                         | 00000000b40c05ff |
      | --secure --CAP_CHOWN             | 00000000b40c05fe |
      | --kill --secure --cap_chown      | 00000000b40c05de |
      | --secure --CAP_QUOTACTL          | 00000000b40c05ff |

  @0.10-41
  Scenario: every capability of the kernel is an option
    When I run the script:
      """
      for name in $(capsh --decode=1ffffffffff | sed 's/.*=//; s/,/ /g'); do
          reducecap --$name true || echo $name
          reducecap --${name#cap_} capsh --print | grep -q "Bounding set.*$name[,.]" && echo "$name is left"
      done 2>&1 | sort | uniq -c | sed 's/^ *//'
      """
    Then it prints "82 Executing"

  Scenario: nothing is taken away without an option
    When I run "reducecap sh -c 'echo on'"
    Then it prints "on"
    And it says "Executing" on standard error

  Scenario: it stays in its context
    When I run "chcontext --silent --ctx 77 reducecap --secure /usr/lib/vserver/save_s_context /tmp/state cat /tmp/state"
    Then the output has the line "S_CONTEXT=77"

  @0.5-03
  Scenario: the flag lock
    When I run "reducecap --flag lock sh -c 'chcontext true'"
    Then the command fails with status 255
    And it says on standard error:
      """
      Executing
      Can't set the new security context (Operation not permitted)
      """

  @0.7-08 @0.7-09 @controllers
  Scenario: the other flags, in a context and on the root server
    When I run "chcontext --silent reducecap --flag nproc --flag private --flag sched true && reducecap --flag nproc true"
    Then the command succeeds

  @0.7-09
  Scenario: a context can make itself private
    Given "chcontext --ctx 500 reducecap --flag private sh -c 'echo closed; sleep 4711'" runs in the background
    And the command in the background prints "closed"
    When I run "chcontext --ctx 500 true"
    Then the command fails with status 255
    And it says "Can't set the new security context (Operation not permitted)" on standard error

  @0.5-03
  Scenario: an unknown flag is told, and the command runs
    When I run "reducecap --flag bogus echo on"
    Then the command succeeds
    And it prints "on"
    And it says on standard error:
      """
      Unknown flag bogus
      Executing
      """

  Scenario: the table of what one has, before anything is taken away
    When I run "reducecap --show --CAP_CHOWN grep CapEff /proc/self/status"
    Then the output has the line "            Capability Effective Permitted Inheritable"
    And the output has the line "             CAP_CHOWN     X         X              "
    And the output has the line "          CAP_QUOTACTL                              "

  Scenario: the table alone
    When I run "reducecap --show"
    Then the command succeeds
    And standard error is empty
    And the output has the line "CAP_CHECKPOINT_RESTORE     X         X              "

  Scenario Outline: a wrong call shows the usage
    When I run "reducecap <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "reducecap version 0.31"

    Examples:
      | words         |
      |               |
      | --secure      |
      | --CAP_BOGUS true |
      | -s true       |
      | --flag        |

  Scenario: the usage
    When I run "reducecap --help"
    Then the command succeeds
    And standard error contains "--show        show the capabilities as they are before that"

  Scenario: a command that cannot be executed
    When I run "reducecap -- --nosuch"
    Then the command fails with status 255
    And it says on standard error:
      """
      Executing
      Can't execute command --nosuch
      """

  Scenario: users who may not lower their ceiling are not left with it
    Given the host has the user "joe"
    When I run "su joe -c 'reducecap --secure echo on'"
    Then the command fails with status 255
    And it prints nothing
    And it says "new_s_context -2: Operation not permitted" on standard error
