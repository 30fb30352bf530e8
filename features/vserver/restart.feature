Feature: vserver NAME restart stops a running guest and starts it again

  Background:
    Given a guest "web"

  @0.2-03
  Scenario: services are stopped, what is left is killed, and the guest starts again
    Given the executable file "/vservers/web/etc/rc.d/init.d/testd":
      """
      echo "testd $1" >>/var/log/testd
      """
    And I run "cd /vservers/web/etc/rc.d; ln -s ../init.d/testd rc3.d/S90testd; ln -s ../init.d/testd rc6.d/K10testd"
    And the guest "web" is running
    And I run "vserver web exec sh -c 'trap : TERM; setsid sleep 4711 &'"
    When I run "vserver --silent web restart"
    Then the command succeeds
    And no process "sleep 4711" runs on the host
    And the file "/vservers/web/var/log/testd" is:
      """
      testd start
      testd stop
      testd start
      """
    And the guest "web" is running

  Scenario: a guest that does not run is not started
    When I run "vserver web restart"
    Then the command succeeds
    And it prints "Server web is not running"
    And the guest "web" is not running

  @0.2-04
  Scenario: it cannot be done from inside
    Given the guest "web" is running
    And I run "cp /usr/sbin/vserver /vservers/web/sbin/vserver; cp -r --parents /usr/lib/vserver/python /vservers/web"
    When the guest "web" runs "vserver web restart"
    Then the command fails
    And standard error is one line
    And the guest "web" is running

  @0.14-16
  Scenario: an alias with an old mask is set right
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    And the guest "web" is running
    And I run "ip addr del 192.0.2.20/24 dev eth0 && ip addr add 192.0.2.20/32 dev eth0 label eth0:web"
    When I run "vserver web restart"
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.255

  Scenario: the options hold for both halves
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    And I run "ip addr add 192.0.2.20/24 dev eth0 && vserver --nodev web start"
    When I run "vserver --nodev --silent web restart"
    Then it prints:
      """
      Shutting down httpd: [  OK  ]
      Starting httpd: [  OK  ]
      """
    And the host has no aliases on eth0

  Scenario: the guest starts again in the profile of its configuration
    Given the guest "web" has the setting PROFILE=${PROFILE:-prod}
    And the guest "web" has the setting S_HOSTNAME=$PROFILE
    And I run "PROFILE=backup vserver web start"
    When I run "vserver --silent web exec hostname; vserver web restart >/dev/null; vserver --silent web exec hostname"
    Then it prints:
      """
      backup
      prod
      """
