@controllers
Feature: the services of a new guest are off until the administrator wants them

  Background:
    Given the root server is small
    And the root server starts its services as Debian does
    And the root server has the service "testd"
    And I run "vserver web build"

  @0.4-12 @0.19-04
  Scenario: nothing is started in any run level for users
    When I run "ls /vservers/web/etc | grep -c '^rc[2-5].d$'"
    Then it prints "4"
    When I run "find /vservers/web/etc/rc2.d /vservers/web/etc/rc3.d /vservers/web/etc/rc4.d /vservers/web/etc/rc5.d -name 'S*'"
    Then it prints nothing

  @0.4-12
  Scenario: the root server's own services are as before
    When I run "ls /etc/rc3.d"
    Then the output has the line "S01testd"

  @0.1-10 @0.19-02 @0.19-04
  Scenario: a service that is turned on again is started
    Given the guest "web" has the setting IPROOT=0.0.0.0
    And I run "vserver web chkconfig testd on"
    When I run "vserver web start"
    Then the command succeeds
    And the output has the line "testd: start"

  Scenario: no trace of the work is left
    Then the host has no aliases on eth0
    And the guest "web" is not running
    And the host has no mounts below /vservers
