Feature: a guest's address on a VLAN
  A device name with a dot, as in eth0.231, is a VLAN device, which is made when it is missing.
  Its own address is 127.0.0.1, so that the alias of a guest does not become that.

  Background:
    Given the kernel has VLAN devices
    And a guest "web"

  @0.21-24 @0.21-26
  Scenario: IPROOTDEV names a VLAN
    Given the guest "web" has the setting IPROOTDEV=eth0.231
    And the guest "web" has the setting IPROOT=10.0.0.11/24
    And the guest "web" is running
    Then the host has the address 127.0.0.1/8 on eth0.231
    And the host has the alias eth0.231:web with the address 10.0.0.11/24 and the broadcast 10.0.0.255

  @0.21-25
  Scenario: an entry names a VLAN
    Given the guest "web" has the setting IPROOT=eth0.231:10.0.0.11/24
    When I run "vserver --verbose web start"
    Then the output has the line "/sbin/vconfig add eth0 231"
    And the output has the line "/sbin/ifconfig eth0.231 127.0.0.1"
    And the host has the alias eth0.231:web with the address 10.0.0.11/24 and the broadcast 10.0.0.255

  Scenario: the VLAN device stays when the guest stops
    Given the guest "web" has the setting IPROOT=eth0.231:10.0.0.11/24
    And the guest "web" is running
    When I run "vserver web stop"
    Then the host has the address 127.0.0.1/8 on eth0.231
    And the host has no aliases on eth0.231
