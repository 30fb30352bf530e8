Feature: vps is ps for all contexts, and tells the context of each process

  Background:
    Given a guest "web"
    And the guest "web" is running
    And I run "vserver web exec sh -c 'sleep 777 &'"
    And "exec sleep 778" runs in the background
    And I run "until pgrep -x -f 'sleep 777'; do sleep 0.05; done"
    And I run "until pgrep -x -f 'sleep 778'; do sleep 0.05; done"

  @0.14-10 @0.16-10 @0.16-11
  Scenario: the second field is the number, the third the name
    When I run "vps ax 2>&1 | awk '$1 == "PID" || $NF ~ /^77/ {print $2, $3, $NF}'"
    Then it prints:
      """
      CONTEXT TTY COMMAND
      49152 web 777
      0 MAIN 778
      """

  @0.14-10
  Scenario: the column stands after the pid, wherever that is
    When I run "vps -eo ppid,pid,user:4,args"
    Then the output contains "PID CONTEXT        USER COMMAND"
    And the output contains "49152 web        root sleep 777"
    And the output contains "0   MAIN       root sleep 778"
    When I run "vps aux | awk '$NF == 777 {print $1, $3, $4}'"
    Then it prints "root 49152 web"

  @0.14-10
  Scenario: the ps of busybox
    Given I run "mkdir /tmp/bin; ln -s $(command -v busybox) /tmp/bin/ps"
    When I run "PATH=/tmp/bin:$PATH vps | grep -v /bin/sh | grep -E '^PID|sleep 77[78]$' | cut -c 6-"
    Then it prints:
      """
       CONTEXT        USER     COMMAND
       49152 web        root     sleep 777
       0   MAIN       root     sleep 778
      """

  Scenario: what runs ps is the monitoring context
    When I run "vps ax | awk '$NF == "ax" && $(NF - 1) == "ps" {print $2, $3}'"
    Then it prints "1 ALL_PROCS"

  Scenario: a table without pids stays as it is
    When I run "vps -o args= -p $(pgrep -x -f 'sleep 778')"
    Then it prints "sleep 778"

  Scenario: all arguments arrive, and the status comes back
    When I run "vps -C no-such-command -o pid,args"
    Then the command fails with status 1
    When I run "vps --no-such-option"
    Then the command fails with status 1
    And standard error contains "ps"

  Scenario: a name that somebody gave to the root server
    Given the file "/var/run/vservers/host.ctx" with the line "S_CONTEXT=0"
    When I run "vps ax | awk '$NF == 778 {print $2, $3}'"
    Then it prints "0 host"

  Scenario: as JSON
    When I run "vps --json | python3 -c 'import json, sys; print([(p["context"], p["name"]) for p in json.load(sys.stdin) if p["command"] == "sleep 777"])'"
    Then it prints "[(49152, 'web')]"

  Scenario Outline: who may not see all
    When I run "<command>"
    Then the command fails with status 255
    And it says "Can not execute chcontext" on standard error

    Examples:
      | command                                       |
      | chcontext --silent vps ax                     |
      | setpriv --reuid 1000 --clear-groups vps ax    |

  Scenario: no ps
    When I run "PATH=/nowhere /usr/sbin/vps ax"
    Then the command fails with status 255
    And it says "Can not execute ps" on standard error
