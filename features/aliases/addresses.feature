Feature: every address of a guest is an alias on a device of the host
  IPROOT lists the addresses of a guest, IPROOTDEV names the device. The aliases are set
  when the guest starts and removed when it stops.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOTDEV=eth0

  @0.14-13 @0.14-15 @0.18-10
  Scenario: the alias is set at start and removed at stop
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.255
    When I run "vserver web stop"
    Then the host has no aliases on eth0

  @0.18-08 @0.18-09 @0.18-11
  Scenario: several addresses
    Given the guest "web" has the setting IPROOT="192.0.2.20 192.0.2.21 192.0.2.22"
    And the guest "web" is running
    Then the host has the alias eth0:web with the address 192.0.2.20/24 and the broadcast 192.0.2.255
    And the host has the alias eth0:web1 with the address 192.0.2.21/24 and the broadcast 192.0.2.255
    And the host has the alias eth0:web2 with the address 192.0.2.22/24 and the broadcast 192.0.2.255
    When I run "vserver web stop"
    Then the host has no aliases on eth0

  @0.19-06 @0.19-07
  Scenario: an address on a device of its own
    Given the host has the device dev1
    And the guest "web" has the setting IPROOT="dev1:10.0.1.11/24 192.0.2.20"
    And the guest "web" is running
    Then the host has the alias dev1:web with the address 10.0.1.11/24 and the broadcast 10.0.1.255
    And the host has the alias eth0:web1 with the address 192.0.2.20/24 and the broadcast 192.0.2.255

  @0.16-16
  Scenario: a guest that may use every address needs no alias
    Given the guest "web" has the setting IPROOT=0.0.0.0
    When I run "vserver web start"
    Then the command succeeds
    And standard error is empty
    And the host has no aliases on eth0

  @0.22-29
  Scenario: no address means every address
    Given the guest "web" has the setting IPROOT=""
    When I run "vserver web start"
    Then the output has the line "ipv4root is now 0.0.0.0"
    And standard error is empty
    And the host has no aliases on eth0

  @0.16-19
  Scenario: stop removes the alias of a guest that is not running
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And I run "ip addr add 192.0.2.20/24 dev eth0 label eth0:web"
    When I run "vserver web stop"
    Then the host has no aliases on eth0

  @0.16-20
  Scenario: entering a stopped guest sets its alias
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And "vserver web enter" runs on a terminal
    And the screen shows "web"
    Then the host has the address 192.0.2.20 on eth0

  @0.21-22 @0.21-23
  Scenario: --nodev leaves the devices alone
    Given the guest "web" has the setting IPROOT=192.0.2.20
    When I run "vserver --nodev web start"
    Then the command succeeds
    And the host has no aliases on eth0
    When I run "vserver --nodev web exec true"
    Then the command succeeds
    And the host has no aliases on eth0

  @0.16-14
  Scenario: the guest is reached at its address
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" is running
    When I run "wget -q -O - http://192.0.2.20/" on the lan machine
    Then it prints "web"
    When I run "wget -q -O - http://192.0.2.10/" on the lan machine
    Then the command fails

  @0.19-05
  Scenario: sixteen addresses and one too many
    Given the guest "web" has the setting IPROOT="$(echo 192.0.2.{20..36})"
    When I run "vserver web start"
    Then it says "Too many IP numbers, max 16, ignored" on standard error
    And the host has the alias eth0:web15 with the address 192.0.2.35/24 and the broadcast 192.0.2.255
    When I run "wget -q -O - http://192.0.2.35/" on the lan machine
    Then it prints "web"
    When I run "vserver web stop"
    Then the host has no aliases on eth0

  @0.22-25
  Scenario: stop removes the aliases of the profile that is active
    Given the guest "web" has the setting PROFILE=${PROFILE:-prod}
    And the guest "web" has the setting IPROOT="$(test $PROFILE = prod && echo 192.0.2.20 || echo 192.0.2.21)"
    And the guest "web" is running
    And I run "ip addr add 192.0.2.21/24 dev eth0 label eth0:backup"
    And the guest "web" has the setting PROFILE=backup
    When I run "vserver web stop"
    Then the host does not have the address 192.0.2.20
    And the host has the address 192.0.2.21 on eth0

  Scenario: a guest whose addresses are all wrong gets none, and not all of them
    Given the guest "web" has the setting IPROOT=eth0:eth1:192.0.2.20
    When I run "vserver --silent web exec true"
    Then the command fails with status 255
    And it says on standard error:
      """
      vserver: IPROOT: Invalid IP number or host name: eth0:eth1:192.0.2.20
      IPROOT: Invalid IP number or host name: eth0:eth1:192.0.2.20
      """
    When I run "vserver --silent web start"
    Then the command fails with status 1

  Scenario: a host name is asked for once
    Given the guest "web" has the setting IPROOT=www.example.net.
    And the file "/etc/resolv.conf":
      """
      nameserver 192.0.2.1
      options timeout:1 attempts:1
      """
    When I run "strace -f -qq -o /tmp/calls -e trace=connect vserver --silent web start; grep -c 'htons(53)' /tmp/calls"
    Then it prints "1"
    And standard error contains "Invalid IP number or host name: www.example.net."
