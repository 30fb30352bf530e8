Feature: vserver NAME stop leaves nothing of a guest running
  Its services are stopped by its own scripts, then what remains gets five seconds, and is
  killed.

  Background:
    Given a guest "web"

  @0.3-03 @0.3-05
  Scenario: what stop prints
    Given the guest "web" is running
    When I run "vserver web stop"
    Then the command succeeds
    And it prints:
      """
      Stopping the virtual server web
      Server web is running
      ipv4root is now 0.0.0.0
      New security context is 49152
      Shutting down httpd: [  OK  ]
      sleeping 5 seconds
      Killing all processes
      """
    And standard error is empty

  Scenario: a guest that does not run
    Given the guest "web" is stopped
    When I run "vserver web stop"
    Then the command succeeds
    And it prints:
      """
      Stopping the virtual server web
      Server web is not running
      """

  @0.21-32
  Scenario: the services are stopped by run level 6
    Given the executable file "/vservers/web/etc/rc.d/rc6.d/K10first":
      """
      echo "first $1" >>/var/log/services
      """
    And the executable file "/vservers/web/etc/rc.d/rc6.d/K20second":
      """
      echo "second $1" >>/var/log/services
      """
    And the guest "web" is running
    When I run "vserver web stop"
    Then the file "/vservers/web/var/log/services" is:
      """
      first stop
      second stop
      """

  @0.2-12 @0.16-27
  Scenario: daemons that hide and ignore signals
    Given the guest "web" is running
    And I run "vserver web exec sh -c 'for i in 1 2 3; do (trap : TERM HUP INT; setsid sleep 4711 & while :; do sleep 4712; done) & done'"
    When I run "vserver --silent web stop"
    Then the command succeeds
    And no process "sleep 4711" runs on the host
    And no process "sleep 4712" runs on the host
    And the guest "web" is not running

  @0.2-12
  Scenario: processes that fork all the time
    Given the guest "web" is running
    And the executable file "/vservers/web/bin/chain":
      """
      trap '' TERM; sleep 0.01; /bin/chain & exit
      """
    And I run "vserver web exec /bin/chain"
    When I run "vserver --silent web stop"
    Then the command succeeds
    And the guest "web" is not running
    And no process "/bin/sh /bin/chain" runs on the host

  @0.11-07
  Scenario: a process may take four seconds to finish
    Given the guest "web" is running
    And "sh -c 'sleep 3; echo finished >/finished'" runs in the guest "web"
    And the process "sleep 3" runs on the host
    When I run "vserver web stop"
    Then the file "/vservers/web/finished" has the line "finished"

  @0.2-13
  Scenario: a guest can be stopped and started again and again
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    When I run "for i in 1 2 3 4 5 6 7 8 9 10; do vserver web start && wget -q -O - http://192.0.2.20/ && vserver web stop; done | grep -cx web"
    Then it prints "10"
    And standard error is empty

  @0.9-13
  Scenario: what somebody mounted below the tree is unmounted
    Given I run "mkdir -p /vservers/web/dev/pts; mount -t proc proc /vservers/web/proc; mount -t devpts devpts /vservers/web/dev/pts"
    When I run "vserver web stop"
    Then the command succeeds
    And the host has no mounts below /vservers

  @0.3-07
  Scenario: no readlink and no killall is needed
    Given the guest "web" is running
    And I run "vserver web exec sh -c 'sleep 4711 &'"
    When I run "rm -f /usr/bin/readlink /usr/bin/killall; vserver --silent web stop"
    Then standard error is empty
    And no process "sleep 4711" runs on the host

  Scenario: scripts that hang can be interrupted
    Given the guest "web" is running
    And the executable file "/vservers/web/etc/rc.d/rc6.d/K05hang":
      """
      echo hanging; sleep 4711
      """
    And "vserver web stop" runs on a terminal
    When the screen shows "hanging"
    And I press Control-C
    Then the screen shows "Killing all processes"
    And the guest "web" is not running
