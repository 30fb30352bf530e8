Feature: a guest with a network of its own, at the addresses it has had before
  The word netns among S_FLAGS moves a guest into a network namespace. Nothing else in its
  configuration changes, nor for who talks to it.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" has the setting S_FLAGS="netns lock"
    And the guest "web" can listen and ask

  Scenario: host and lan reach it
    Given the guest "web" is running
    And "vserver --silent web exec listen 0.0.0.0:8000" is listening
    Then the host gets the answer "192.0.2.20:8000" from 192.0.2.20:8000
    And the lan machine gets the answer "192.0.2.20:8000" from 192.0.2.20:8000

  Scenario: it reaches the host and the lan, which see its address
    Given "listen 192.0.2.10:8000 host" is listening
    When the guest "web" runs "ask 192.0.2.10:8000"
    Then it prints "host"
    When the guest "web" runs "sh -c 'ping 192.0.2.1 2>/x; ip route get 192.0.2.1 | head -n 1'"
    Then the output contains "src 192.0.2.20"

  Scenario: its loopback device is its own
    Given "listen 127.0.0.1:8000 host" is listening
    And "vserver --silent web exec listen 127.0.0.1:8000 guest" is listening
    When the guest "web" runs "ask 127.0.0.1:8000"
    Then it prints "guest"
    And the host gets the answer "host" from 127.0.0.1:8000

  Scenario: the host's sockets without a file name are out of reach
    Given "python3 -uc 'from socket import *; s = socket(AF_UNIX); s.bind(bytes([0, 104, 111, 115, 116])); s.listen(); print(1); s.accept()'" runs in the background
    And the command in the background prints "1"
    And I run "cp /usr/local/bin/attack /vservers/web/bin"
    When the guest "web" runs "sh -c 'attack | grep abstract'"
    Then it prints "host's abstract socket: Connection refused"

  Scenario: the host has no alias, and after the stop nothing at all
    Given the guest "web" is running
    Then the host has no aliases on eth0
    Given the guest "web" is stopped
    When I run "ip -br link | grep vs; ip route show 192.0.2.20; ip neigh show proxy"
    Then it prints nothing

  Scenario: an address of the host cannot be its own
    Given the guest "web" has the setting IPROOT=192.0.2.10
    When I run "vserver --silent web start"
    Then the command fails with status 1
    And it says "IPROOT: 192.0.2.10: S_FLAGS netns takes an address that is not the host's" on standard error

  Scenario: the host's own address changes, and its device is down for a moment
    Given the guest "web" is running
    And "vserver --silent web exec listen 0.0.0.0:8000" is listening
    When I run "ip addr add 192.0.2.11/24 dev eth0; ip addr del 192.0.2.10/24 dev eth0"
    Then the lan machine gets the answer "192.0.2.20:8000" from 192.0.2.20:8000
    When I run "ip link set eth0 down; ip link set eth0 up; /usr/lib/vserver/routeschanged eth0 up"
    Then the lan machine gets the answer "192.0.2.20:8000" from 192.0.2.20:8000
