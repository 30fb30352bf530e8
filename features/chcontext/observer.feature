Feature: context 1 sees all contexts and cannot interfere
  chcontext --ctx 1 is how tools look at the whole machine.

  Background:
    Given "chcontext --ctx 500 --flag private sleep 4711" runs in the background
    And the command in the background prints "New security context is 500"
    And "chcontext --ctx 501 sleep 4712" runs in the background
    And the command in the background prints "New security context is 501"
    And the process "sleep 4711" runs on the host
    And the process "sleep 4712" runs on the host

  @0.16-12 @0.16-25
  Scenario: it is told as any other context
    When I run "chcontext --ctx 1 true"
    Then it prints "New security context is 1"

  @0.6-23 @0.7-12
  Scenario: processes of all contexts are seen, private ones included
    When I run "chcontext --silent --ctx 1 ps -e -o args"
    Then the output has the line "sleep 4711"
    And the output has the line "sleep 4712"
    And the output has the line "ps -e -o args"

  @0.7-13
  Scenario: none of them can be signalled
    When I run "chcontext --silent --ctx 1 /bin/kill -9 $(pgrep -f -x 'sleep 471[12]')"
    Then the command fails
    And standard error contains "Operation not permitted"
    And the process "sleep 4711" runs on the host
    And the process "sleep 4712" runs on the host

  @0.7-13
  Scenario Outline: none of them can be slowed down by <command>
    When I run "chcontext --silent --ctx 1 <command> $(pgrep -f -x 'sleep 4712')"
    Then the command fails
    And standard error contains "Operation not permitted"

    Examples:
      | command             |
      | renice 5 -p         |
      | taskset -p 1        |
      | prlimit --nproc=1 -p |
