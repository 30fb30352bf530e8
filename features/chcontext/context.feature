Feature: chcontext runs a command in a security context
  Contexts are numbered. The root server is context 0; a new context gets a number of its own from
  49152 on, and the administrator can choose one below that.

  @0.12-03 @0.13-01 @0.13-02 @0.13-03 @0.16-12
  Scenario: a new context
    When I run "chcontext true"
    Then the command succeeds
    And it prints "New security context is 49152"
    When I run "chcontext true"
    Then it prints "New security context is 49153"

  @0.16-25
  Scenario: a context of a chosen number
    When I run "chcontext --ctx 77 true"
    Then it prints "New security context is 77"

  @0.16-13
  Scenario: nothing is told with --silent
    When I run "chcontext --silent --ctx 1 true"
    Then the command succeeds
    And it prints nothing
    And standard error is empty

  @0.10-10
  Scenario: the root server is context 0
    When I run "/usr/lib/vserver/save_s_context /tmp/state true; cat /tmp/state"
    Then the output has the line "S_CONTEXT=0"

  @0.12-03
  Scenario: commands at the same time get different numbers
    When I run "for i in 1 2 3 4 5 6; do chcontext sleep 0.3 & done | sort | uniq; wait"
    Then it prints:
      """
      New security context is 49152
      New security context is 49153
      New security context is 49154
      New security context is 49155
      New security context is 49156
      New security context is 49157
      """

  Scenario: a context that runs is joined
    Given "chcontext --ctx 500 sleep 4711" runs in the background
    And the command in the background prints "New security context is 500"
    And the process "sleep 4711" runs on the host
    When I run "chcontext --silent --ctx 500 ps -o args"
    Then the output has the line "sleep 4711"

  Scenario: a context without processes is free
    Given I run "chcontext --ctx 500 --flag private true"
    When I run "chcontext --ctx 500 true"
    Then the command succeeds

  Scenario: -1 asks for a new context, -2 and 0 stay where one is
    When I run "for number in -1 -2 0; do chcontext --ctx $number true; done"
    Then it prints:
      """
      New security context is 49152
      New security context is 0
      New security context is 0
      """

  Scenario: a context can have contexts of its own
    When I run "chcontext chcontext --silent ps -e -o args"
    Then it prints:
      """
      New security context is 49152
      COMMAND
      init
      ps -e -o args
      """

  Scenario: only the root server names the context it wants
    When I run "chcontext --silent chcontext --ctx 500 true"
    Then the command fails with status 255
    And it says "Can't set the new security context (Operation not permitted)" on standard error

  @0.7-17
  Scenario: other users are refused
    Given the host has the user "joe"
    When I run "su joe -c 'chcontext true; chcontext --ctx 5 true; chcontext --ctx 1 true'"
    Then the command fails with status 255
    And it says on standard error:
      """
      Can't set the new security context (Operation not permitted)
      Can't set the new security context (Operation not permitted)
      Can't set the new security context (Operation not permitted)
      """
