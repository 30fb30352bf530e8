Feature: a guest may be run by its own init
  With fakeinit in S_FLAGS, start runs the guest's /sbin/init as process 1 and returns, and
  stop runs "/sbin/init 6". No rc script is needed.

  Background:
    Given a guest "own" with an init of its own
    And the guest "own" has the setting S_FLAGS="lock fakeinit"

  @0.10-21 @0.10-31
  Scenario: init works through its inittab
    Given the guest "own" is running
    Then the file "/vservers/own/var/log/init.log" has the line "sysinit"
    And the file "/vservers/own/var/log/init.log" has the line "level 3"
    When the guest "own" runs "readlink /proc/1/exe"
    Then it prints "/sbin/init"

  @0.10-23
  Scenario: stop asks init for run level 6 and kills the rest
    Given the guest "own" is running
    And I run "vserver own exec sh -c 'trap : TERM; setsid sleep 4711 &'"
    When I run "vserver own stop"
    Then the command succeeds
    And the file "/vservers/own/var/log/init.log" has the line "level 6"
    And no process "sleep 4711" runs on the host
    And the guest "own" is not running

  @0.10-24
  Scenario: init changes the run level
    Given the guest "own" is running
    Then the file "/vservers/own/var/log/init.log" has the line "level 3"
    When the guest "own" runs "telinit 4"
    Then the file "/vservers/own/var/log/init.log" has the line "level 4"
    When the guest "own" runs "runlevel"
    Then it prints "3 4"

  @0.10-25
  Scenario: init runs again what ended
    Given I run "echo 'r1:3:respawn:/bin/sleep 4711' >>/vservers/own/etc/inittab"
    And the guest "own" is running
    And the process "/bin/sleep 4711" runs on the host
    When I run "pkill -f -x '/bin/sleep 4711'"
    Then the process "/bin/sleep 4711" runs on the host

  @0.10-26
  Scenario: orphans become children of init
    Given the guest "own" is running
    And I run "vserver own exec sh -c '(sleep 4711 &)'"
    When the guest "own" runs "sh -c 'grep PPid /proc/$(pidof sleep)/status'"
    Then it prints "PPid:	1"

  @0.10-27 @0.10-28 @0.10-33 @0.10-34
  Scenario: init is process 1, its children see that, and start does not wait
    Given the executable file "/vservers/own/sbin/init":
      """
      #!/bin/sh
      echo "init $$" >>/var/log/pids
      sh -c 'echo "child of $PPID" >>/var/log/pids; echo Starting testd'
      sleep 30; echo late >>/var/log/pids
      """
    When I run "vserver --silent own start"
    Then the command succeeds
    And it prints nothing
    And the command takes less than 5 seconds
    And the file "/vservers/own/var/log/pids" has the line "init 1"
    And the file "/vservers/own/var/log/pids" has the line "child of 1"

  @0.10-29
  Scenario: init is in /proc once
    Given the guest "own" is running
    And I run "until grep level.3 /vservers/own/var/log/init.log; do sleep 0.1; done"
    When the guest "own" runs "sh -c 'grep -l ^init /proc/[0-9]*/comm'"
    Then it prints "/proc/1/comm"

  @0.10-30
  Scenario: the host can tell which process it is
    Given the guest "own" is running
    When I run "pgrep -x init | while read pid; do grep ^NSpid /proc/$pid/status; done | cut -f 3 | sort -n | grep -m 1 ."
    Then it prints "1"

  @0.10-38
  Scenario: without fakeinit the rc script starts the guest
    Given a guest "web"
    When I run "vserver --silent web start; vserver --silent web exec readlink /proc/1/exe; vserver --silent web exec cat /proc/1/comm"
    Then the output has the line "Starting httpd: [  OK  ]"
    And the output has the line "init"
    And the output does not contain "/sbin/init"

  Scenario: an init that is not there
    Given there is no file "/vservers/own/sbin/init"
    When I run "vserver --silent own start"
    Then the command fails
    And standard error is one line
    And the guest "own" is not running
