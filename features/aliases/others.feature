Feature: the addresses of others are left alone
  Only an alias with the guest's own label is ever changed or removed.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOTDEV=eth0

  Scenario: an address that the host has already
    Given the guest "web" has the setting IPROOT=192.0.2.10
    When I run "vserver web start"
    Then it says "vserver: cannot set eth0:web to 192.0.2.10: it is there as eth0" on standard error
    When I run "vserver web stop"
    Then the host has the address 192.0.2.10/24 on eth0

  Scenario: the first alias of a network goes without the others of that network
    Given a guest "db"
    And the guest "web" has the setting IPROOT=10.9.0.1/24
    And the guest "db" has the setting IPROOT=eth0:10.9.0.2/24
    And I run "vserver web start; vserver db start"
    When I run "vserver web stop"
    Then the host has the alias eth0:db with the address 10.9.0.2/24 and the broadcast 10.9.0.255
    And the host does not have the address 10.9.0.1

  Scenario: the host gets another address of its own
    Given I run "sysctl -w net.ipv4.conf.eth0.promote_secondaries=0"
    And the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" is running
    When I run "ip addr add 192.0.2.11/24 dev eth0; ip addr del 192.0.2.10/24 dev eth0"
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.255

  Scenario: what is wrong with one entry does not concern the next
    Given the guest "web" has the setting IPROOT="192.0.2.20 none0:10.0.0.5 192.0.2.21"
    When I run "vserver web start"
    Then it says "vserver: cannot set none0:web1 to 10.0.0.5: No such device" on standard error
    And the host has the alias eth0:web2 with the address 192.0.2.21/24 and the broadcast 192.0.2.255
