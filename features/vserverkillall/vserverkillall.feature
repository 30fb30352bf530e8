Feature: vserverkillall ends all processes of a security context

  Scenario: on the root server it does nothing
    Given "sleep 4711" runs in the background
    When I run "/usr/lib/vserver/vserverkillall"
    Then the command succeeds
    And it prints "Running in security context 0, do nothing"
    And the command in the background goes on

  @0.3-05
  Scenario: in a context it ends what is there, and nothing else
    Given "sleep 4711" runs in the background
    And "chcontext --ctx 500 sleep 4712" runs in the background
    And the process "sleep 4711" runs on the host
    And the process "sleep 4712" runs on the host
    When I run "chcontext --silent --ctx 500 /usr/lib/vserver/vserverkillall"
    Then the command succeeds
    And it prints "kill -TERM /usr/bin/sleep[2]"
    And standard error is empty
    And no process "sleep 4712" runs on the host
    And the process "sleep 4711" runs on the host

  Scenario: what does not end by itself is killed
    Given "chcontext --ctx 500 sh -c 'trap : TERM; echo deaf; while :; do sleep 0.1; done'" runs in the background
    And the command in the background prints "deaf"
    When I run "chcontext --silent --ctx 500 /usr/lib/vserver/vserverkillall"
    Then the command succeeds
    And the output has the line "kill -9 /usr/bin/dash[2]"
    And the command in the background ends

  Scenario: a fake init is spared by the rounds
    When I run "chcontext --silent --flag fakeinit sh -c 'sleep 4711 & until pgrep -x sleep; do :; done >/dev/null; /usr/lib/vserver/vserverkillall; echo still on'"
    Then it prints:
      """
      kill -TERM /usr/bin/sleep[2]
      still on
      """

  @0.3-07
  Scenario: no readlink of the host is needed
    Given I run "rm $(which readlink)"
    And "chcontext --ctx 500 sleep 4712" runs in the background
    And the process "sleep 4712" runs on the host
    When I run "chcontext --silent --ctx 500 /usr/lib/vserver/vserverkillall"
    Then it prints "kill -TERM /usr/bin/sleep[2]"

  @0.16-27
  Scenario: processes that come and go cause no error
    Given "chcontext --ctx 500 sh -c 'echo on; while :; do sleep 0.001; done'" runs in the background
    And the command in the background prints "on"
    When I run "chcontext --silent --ctx 500 /usr/lib/vserver/vserverkillall"
    Then the command succeeds
    And standard error is empty
