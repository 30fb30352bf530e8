Feature: netmask and broadcast address of an alias
  An entry of IPROOT may end in /mask, IPROOTMASK and IPROOTBCAST hold for all entries, and
  what nobody says is what the device has.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOTDEV=eth0

  @0.14-14 @0.23-03
  Scenario: netmask and broadcast of the device
    Given the host has the device dev1
    And the host has the address 10.0.0.1/16 on dev1
    And the guest "web" has the setting IPROOT="192.0.2.20 dev1:10.0.1.11"
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.255
    And the host has the alias dev1:web1 with the address 10.0.1.11/16 and the broadcast 10.0.255.255

  @0.22-13 @0.23-02
  Scenario: a mask of its own, with the broadcast that follows from it
    Given the guest "web" has the setting IPROOT="10.0.0.11/255.255.0.0 10.8.1.11/26 192.0.2.20"
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 10.0.0.11/16 and the broadcast 10.0.255.255
    And the host has the alias eth0:web1 with the address 10.8.1.11/26 and the broadcast 10.8.1.63
    And the host has the alias eth0:web2 with the address 192.0.2.20/24 and the broadcast 192.0.2.255

  @0.14-11
  Scenario: IPROOTMASK
    Given the guest "web" has the setting IPROOT=10.9.0.5
    And the guest "web" has the setting IPROOTMASK=255.255.0.0
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 10.9.0.5/16 and the broadcast 192.0.2.255

  @0.14-13
  Scenario: IPROOTBCAST
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" has the setting IPROOTBCAST=192.0.2.127
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.127

  @0.14-16
  Scenario: an alias left by an older version is corrected
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And I run "ip addr add 192.0.2.20/32 dev eth0 label eth0:web"
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.255
