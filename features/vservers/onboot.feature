Feature: the service vservers starts the virtual servers that are meant to be, and stops all

  Background:
    Given a guest "vs1"
    And the guest "vs1" has the setting ONBOOT=yes
    And a guest "vs2"
    And the guest "vs2" has the setting ONBOOT=no
    And a guest "vs3"

  @0.7-18
  Scenario: only those with ONBOOT=yes are started
    When I run "/etc/init.d/vservers start"
    Then the command succeeds
    And the output has the line "virtual server vs2 not configured for on boot start"
    And the output has the line "virtual server vs3 not configured for on boot start"
    And the guest "vs1" is running
    And the guest "vs2" is not running
    And the guest "vs3" is not running
    And the file "/var/lock/subsys/vservers" exists

  @0.7-19
  Scenario: all that run are stopped
    Given I run "/etc/init.d/vservers start"
    And the guest "vs2" is running
    When I run "/etc/init.d/vservers stop"
    Then the command succeeds
    And the guest "vs1" is not running
    And the guest "vs2" is not running
    And the file "/var/lock/subsys/vservers" does not exist

  Scenario: the state of each
    Given the guest "vs1" is running
    When I run "/etc/init.d/vservers status"
    Then the command succeeds
    And it prints:
      """
      ONBOOT=yes  Server vs1 is running
      ONBOOT=no  Server vs2 is not running
      ONBOOT=no  Server vs3 is not running
      """

  Scenario: one with a broken configuration does not concern the others
    Given the file "/etc/vservers/vs0.conf" with the line "fi"
    When I run "/etc/init.d/vservers start"
    Then the command succeeds
    And standard error contains "Error in configuration file /etc/vservers/vs0.conf"
    And the guest "vs1" is running

  Scenario: one whose file cannot be read does not concern the others
    Given the symbolic link "/etc/vservers/vs0.conf" to "/proc/self/mem"
    When I run "/etc/init.d/vservers start"
    Then the command succeeds
    And standard error contains "/etc/vservers/vs0.conf: Input/output error"
    And the guest "vs1" is running

  Scenario: one whose file leads nowhere does not concern the others
    Given I run "ln -s vs0.conf /etc/vservers/vs0.conf"
    When I run "/etc/init.d/vservers start"
    Then the command succeeds
    And the guest "vs1" is running

  Scenario: they are started when nobody reads what is told
    When I run "/etc/init.d/vservers start >/dev/full"
    Then it says "vservers: write error: No space left on device" on standard error
    And the guest "vs1" is running

  Scenario: a broken file of the system is named, and no guest is started
    Given the file "/etc/vservers.conf" with the line "exit 3"
    And I run "rm /etc/vservers/vs2.conf /etc/vservers/vs3.conf"
    When I run "/etc/init.d/vservers start"
    Then it says on standard error:
      """
      Error in configuration file /etc/vservers.conf
      Error in configuration file /etc/vservers.conf
      """

  @0.16-30
  Scenario: the functions of another distribution are not needed
    Given there is no file "/etc/init.d/functions"
    When I run "/etc/init.d/vservers restart"
    Then the command succeeds
    And standard error is empty
    And the guest "vs1" is running
