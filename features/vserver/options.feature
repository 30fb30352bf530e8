Feature: options stand before the name of the guest

  Background:
    Given a guest "web"

  @0.19-17
  Scenario: --silent leaves errors
    Given the guest "web" is running
    When I run "vserver --silent web exec true"
    Then it prints nothing
    And standard error is empty
    When I run "vserver --silent web exec cat /nothing"
    Then it says "cat: can't open '/nothing': No such file or directory" on standard error

  Scenario: several of them, in any order
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    When I run "vserver --nodev --silent --verbose --silent web exec echo hello"
    Then it prints "hello"
    And the host has no aliases on eth0

  @0.28-01
  Scenario: --verbose shows how the network is configured
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    When I run "vserver --verbose web start"
    Then the output has the line "/sbin/ifconfig eth0:web 192.0.2.20 netmask 255.255.255.0 broadcast 192.0.2.255"
    When I run "vserver --verbose web stop"
    Then the output has the line "/sbin/ifconfig eth0:web down"

  Scenario: --help shows the usage
    When I run "vserver --help"
    Then the command succeeds
    And the output has the line "server-name is a directory in /vservers"
    And the output has the line "          It returns proper exit code, so you can use it in scripts"

  Scenario: no words at all
    When I run "vserver"
    Then the command succeeds
    And the output has the line "vserver [ options ] server-name command ..."

  Scenario: only a name
    When I run "vserver web"
    Then the command fails with status 1
    And the output has the line "vserver [ options ] server-name command ..."

  Scenario: an option that does not exist
    When I run "vserver --loud web start"
    Then the command fails with status 1
    And it prints nothing
    And it says "vserver: invalid option: --loud" on standard error
