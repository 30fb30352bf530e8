Feature: chbind restricts services of the root server
  A service on all addresses keeps the virtual servers from using its port. Restricted with
  chbind it leaves the port of the other addresses to them.

  Background:
    Given the host has the address 192.0.2.11 on eth0

  @0.1-03
  Scenario: one port for a service of the root server and one of a virtual server
    Given a guest "web"
    And the guest "web" has the setting IPROOT=192.0.2.11
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" can listen and ask
    And the guest "web" is running
    And "chbind --ip 192.0.2.10 listen 0.0.0.0:8080 host" is listening
    And "vserver web exec listen 0.0.0.0:8080 web" is listening
    Then the lan machine gets the answer "host" from 192.0.2.10:8080
    And the lan machine gets the answer "web" from 192.0.2.11:8080

  @0.1-04
  Scenario: the daemon that an init script leaves behind stays restricted
    Given the host has the program "/etc/init.d/testd":
      """
      #!/bin/sh
      case $1 in
          start) setsid listen 0.0.0.0:8080 "$1" >/tmp/testd 2>&1 & ;;
      esac
      """
    When I run "chbind --ip eth0 /etc/init.d/testd start; until grep -q listening /tmp/testd; do sleep 0.1; done"
    Then the lan machine gets the answer "start" from 192.0.2.10:8080
    And the lan machine gets no answer from 192.0.2.11:8080

  Scenario: its own loopback stays in reach of a service of the root server
    Given "listen 127.0.0.1:8080 local" is listening
    When I run "chbind --silent --ip eth0 ask 127.0.0.1:8080"
    Then it prints "local"

  @0.28-04
  Scenario: localhost is served when it is among the addresses
    Given "chbind --ip 127.0.0.1 --ip eth0 listen 0.0.0.0:8080 yes" is listening
    Then the host gets the answer "yes" from 127.0.0.1:8080
    And the lan machine gets the answer "yes" from 192.0.2.10:8080
    And the lan machine gets no answer from 192.0.2.11:8080
