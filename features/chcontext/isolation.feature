Feature: a context has its own processes, names, System V objects and terminals

  Scenario: processes of others are neither seen nor reached
    Given "sleep 4711" runs in the background
    And the process "sleep 4711" runs on the host
    When I run "chcontext --silent ps -e -o args"
    Then the output does not contain "sleep"
    When I run "chcontext --silent /bin/kill -9 $(pgrep -f -x 'sleep 4711')"
    Then the command fails
    And standard error contains "No such process"
    When I run "chcontext --silent /bin/kill -9 -- -1"
    Then the command in the background goes on

  Scenario: host and domain name
    When I run "chcontext --hostname web.example.com --domainname nis.example.com sh -c 'uname -n; cat /proc/sys/kernel/domainname'"
    Then it prints:
      """
      Host name is now web.example.com
      Domain name is now nis.example.com
      New security context is 49152
      web.example.com
      nis.example.com
      """
    When I run "uname -n"
    Then it prints "host.example.com"

  Scenario: none is the empty domain name
    Given I run "domainname host-domain || echo host-domain >/proc/sys/kernel/domainname"
    When I run "chcontext --domainname none sh -c 'cat /proc/sys/kernel/domainname' | cat -E"
    Then the output has the line "Domain name is now $"
    And the output has the line "$"

  Scenario: the names of a context that is joined
    Given "chcontext --ctx 500 --hostname first sleep 4711" runs in the background
    And the command in the background prints "New security context is 500"
    When I run "chcontext --silent --ctx 500 uname -n; chcontext --silent --ctx 500 --hostname second uname -n; chcontext --silent --ctx 500 uname -n"
    Then it prints:
      """
      first
      second
      second
      """

  @0.10-16
  Scenario: System V objects
    Given I run "ipcmk -M 4096 -S 1 -Q"
    When I run "chcontext --silent --ctx 500 sh -c 'ipcs; ipcmk -M 4096 >/dev/null; ipcs -m' | grep -c ^0x"
    Then it prints "1"
    When I run "ipcs | grep -c ^0x; ipcrm -a"
    Then it prints "3"

  @0.10-14
  Scenario: terminals
    Given "sh" runs on a terminal
    When I type "ls /dev/pts | tr '\n' ' '; echo on the host"
    Then the screen shows "0 ptmx on the host"
    When I run "chcontext --silent ls /dev/pts"
    Then it prints "ptmx"

  @0.10-08 @0.10-09
  Scenario: a directory of mode 000 above the virtual servers is a barrier
    Given the directory "/vservers/web"
    When I run "ls /vservers"
    Then it prints "web"
    When I run "chcontext --silent --ctx 500 --secure ls /vservers/web"
    Then the command fails
    And standard error contains "cannot access '/vservers/web'"
    When I run "chcontext --silent ls /vservers/web"
    Then the command fails
    And standard error contains "cannot access '/vservers/web'"

  Scenario: the cgroups that hold a virtual server are out of its reach
    When I run "chcontext --silent --secure sh -c 'echo 0 >/sys/fs/cgroup/cgroup.procs'"
    Then the command fails
    And standard error contains "Read-only file system"
