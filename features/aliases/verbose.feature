@0.28-01
Feature: --verbose shows what is done for the addresses
  The lines are the commands that would do the same.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOT="192.0.2.20 eth0:10.8.1.11/26"
    And the guest "web" has the setting IPROOTDEV=eth0

  Scenario: at start
    When I run "vserver --verbose web start"
    Then the output has the line "/sbin/ifconfig eth0:web 192.0.2.20 netmask 255.255.255.0 broadcast 192.0.2.255"
    And the output has the line "/sbin/ifconfig eth0:web1 10.8.1.11 netmask 255.255.255.192 broadcast 10.8.1.63"

  Scenario: at stop
    Given the guest "web" is running
    When I run "vserver --verbose web stop"
    Then the output has the line "/sbin/ifconfig eth0:web down"
    And the output has the line "/sbin/ifconfig eth0:web1 down"

  Scenario: not without the option, and not with --silent
    When I run "vserver web start"
    Then the output does not contain "ifconfig"
    When I run "vserver --silent --verbose web stop"
    Then the output does not contain "ifconfig"
