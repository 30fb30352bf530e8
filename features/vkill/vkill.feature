Feature: vkill signals a process wherever it is

  Background:
    Given a guest "web"
    And the guest "web" is running
    And I run "vserver web exec sh -c 'sleep 777 &'"
    And I run "until pgrep -x -f 'sleep 777'; do sleep 0.05; done"

  @0.11-01
  Scenario: a process of a guest, by the pid that context 1 shows
    When I run "vkill $(chcontext --silent --ctx 1 ps -C sleep -o pid=) | sed 's/id [0-9]*/id N/'"
    Then it prints:
      """
      Process id N was found in security context 49152.
       + Killing... [done]
      """
    And no process "sleep 777" runs on the host

  @0.11-01
  Scenario: no such process
    When I run "vkill 4194300"
    Then the command fails with status 1
    And it prints "Process id 4194300 not found."

  Scenario: a process of the root server, another signal
    Given "exec sleep 778" runs in the background
    And I run "until pgrep -x -f 'sleep 778'; do sleep 0.05; done"
    When I run "vkill -s SIGSTOP $(pgrep -x -f 'sleep 778')"
    Then the output contains "found in security context 0."
    When I run "until ps -o stat=,args= -C sleep | grep '^T.* 778'; do sleep 0.1; done"
    Then the command succeeds
    When I run "vkill -s 9 -- $(pgrep -x -f 'sleep 778')"
    Then the command succeeds
    And no process "sleep 778" runs on the host

  Scenario: several, of which one is not there
    When I run "vkill 4194300 $(pgrep -x -f 'sleep 777')"
    Then the command fails with status 1
    And no process "sleep 777" runs on the host

  Scenario: a process that has to be in a given context
    When I run "vkill -c 300 $(pgrep -x -f 'sleep 777') | sed 's/id [0-9]*/id N/'"
    Then it prints "Process id N not found."
    And the process "sleep 777" runs on the host

  Scenario: all processes of a context
    When I run "vkill -c 49152"
    Then the command succeeds
    And the guest "web" is not running
    When I run "vkill -c 49152"
    Then the command fails with status 1
    And it says "vkill: No process in security context 49152" on standard error

  Scenario: a private context cannot be entered
    Given "chcontext --silent --flag private sleep 779" runs in the background
    Then the process "sleep 779" runs on the host
    When I run "vkill $(pgrep -x -f 'sleep 779')"
    Then the command fails with status 1
    And the output contains " + Killing... [failed: Operation not permitted]"
    And the process "sleep 779" runs on the host
    When I run "pkill -x -f 'sleep 779'"
    Then the command succeeds

  Scenario: observers cannot be harmed either
    Given "chcontext --silent --ctx 1 sleep 779" runs in the background
    Then the process "sleep 779" runs on the host
    When I run "vkill $(pgrep -x -f 'sleep 779')"
    Then the command fails with status 1
    And the output contains "found in security context 1."
    And the output contains " + Killing... [failed: Operation not permitted]"

  Scenario: from inside a context nobody else can be reached
    When I run "chcontext --silent vkill $(pgrep -x -f 'sleep 777')"
    Then the command fails with status 255
    And it says "vkill: Can't select context 1 (Operation not permitted)" on standard error
    And the process "sleep 777" runs on the host
