Feature: a context has flags
  They are given with --flag when the context is made or joined, and stay until it has ended.

  @0.5-02 @0.7-08 @0.7-09 @controllers
  Scenario: the option is repeated for each flag
    When I run "chcontext --flag lock --flag sched --flag nproc --flag private --flag hideinfo --flag ulimit true"
    Then the command succeeds
    And standard error is empty

  @0.5-02
  Scenario: an unknown flag is told, and the command runs
    When I run "chcontext --flag bogus --flag Lock echo on"
    Then the command succeeds
    And it prints:
      """
      New security context is 49152
      on
      """
    And it says on standard error:
      """
      Unknown flag bogus
      Unknown flag Lock
      """

  @0.5-04
  Scenario: lock keeps a context from getting another one
    When I run "chcontext --silent --flag lock chcontext true"
    Then the command fails with status 255
    And it says "Can't set the new security context (Operation not permitted)" on standard error

  Scenario: lock holds without our commands, too
    When I run "chcontext --silent --flag lock sh -c 'unshare --pid --fork true; unshare --user true; nsenter -t 1 -p true'"
    Then the command fails
    And it says on standard error:
      """
      unshare: unshare failed: Operation not permitted
      unshare: unshare failed: Operation not permitted
      nsenter: reassociate to namespace 'ns/pid' failed: Operation not permitted
      """

  Scenario: a locked context can still lower its ceiling
    When I run "chcontext --silent --flag lock chcontext --silent --ctx -2 --cap '!CAP_SYS_ADMIN' mount -t tmpfs none /mnt"
    Then the command fails with status 32

  @0.5-06
  Scenario: flags cannot be taken back
    Given "chcontext --ctx 500 --flag lock sleep 4711" runs in the background
    And the command in the background prints "New security context is 500"
    When I run "chcontext --silent --ctx 500 --flag hideinfo reducecap --flag hideinfo chcontext true"
    Then the command fails with status 255
    And it says on standard error:
      """
      Executing
      Can't set the new security context (Operation not permitted)
      """

  @0.7-11
  Scenario: private keeps root of the root server out
    Given "chcontext --ctx 500 --flag private sleep 4711" runs in the background
    And the command in the background prints "New security context is 500"
    When I run "chcontext --ctx 500 true"
    Then the command fails with status 255
    And it prints nothing
    And it says "Can't set the new security context (Operation not permitted)" on standard error
    And the command in the background goes on

  @0.10-22
  Scenario: fakeinit makes the command process 1
    When I run "chcontext --silent --flag fakeinit sh -c 'echo $$'"
    Then it prints "1"

  Scenario: fakeinit works with a chosen number, and is ignored where there is a process 1
    Given "chcontext --ctx 500 --flag fakeinit sleep 4711" runs in the background
    And the command in the background prints "New security context is 500"
    And the process "sleep 4711" runs on the host
    When I run "chcontext --silent --ctx 500 --flag fakeinit ps -e -o pid,args"
    Then the output has the line "      1 sleep 4711"
    And the output contains "ps -e -o pid,args"

  Scenario: orphans become children of the fake init
    Given the executable file "/tmp/orphan":
      """
      until grep PPid:.1$ /proc/$$/status >>/tmp/parent; do sleep 0.05; done
      """
    When I run "chcontext --silent --flag fakeinit sh -c '(/tmp/orphan &); until [ -s /tmp/parent ]; do sleep 0.05; done'"
    Then the file "/tmp/parent" has the line "PPid:	1"

  Scenario: the end of the fake init is the end of its context
    When I run "chcontext --silent --flag fakeinit sh -c 'setsid sleep 4711 & exit 3'"
    Then the command fails with status 3
    And no process "sleep 4711" runs on the host

  @controllers
  Scenario Outline: nproc counts all processes of the context together, and ulimit does
    Given the executable file "/tmp/many":
      """
      #!/bin/bash
      for i in {1..40}; do
          sleep 2 &
      done
      """
    When I run "prlimit --nproc=20 chcontext --silent --flag <flag> /tmp/many"
    Then standard error contains "fork: retry: Resource temporarily unavailable"
    When I run "prlimit --nproc=20 chcontext --silent --flag hideinfo /tmp/many"
    Then standard error is empty

    Examples:
      | flag   |
      | nproc  |
      | ulimit |

  @0.5-05 @controllers
  Scenario: sched gives all processes of a context the share of one
    Given "taskset -c 0 chcontext --ctx 500 --flag sched sh -c 'for i in 1 2 3 4 5 6 7 8; do yes >/dev/null & done; wait'" runs in the background
    And the command in the background prints "New security context is 500"
    And "taskset -c 0 chcontext --ctx 501 --flag sched sh -c 'yes >/dev/null'" runs in the background
    And the command in the background prints "New security context is 501"
    Then contexts 500 and 501 get about the same processor time in 3 seconds
