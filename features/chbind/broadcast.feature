Feature: chbind gives a command the broadcast address too
  A datagram socket on 0.0.0.0 receives what is sent to the broadcast address of the set, or to
  255.255.255.255.

  Background:
    Given the host has the address 192.0.2.11 on eth0

  @0.14-01
  Scenario: the broadcast address of the command line
    Given "chbind --ip 192.0.2.11 --bcast 192.0.2.255 listen -u 0.0.0.0:6000 yes" is listening
    Then the lan machine gets the answer "yes from 192.0.2.11" from broadcast 192.0.2.255:6000
    And the lan machine gets the answer "yes" from udp 192.0.2.11:6000
    And the lan machine gets no answer from udp 192.0.2.10:6000

  @0.14-02
  Scenario: a device brings its own
    Given I run "ip addr add 192.0.2.129/26 brd 192.0.2.191 dev eth0"
    And "chbind --ip eth0 listen -u 0.0.0.0:6000 yes" is listening
    When I run "ip addr add 192.0.2.130/26 brd 192.0.2.191 dev eth0" on the lan machine
    Then the lan machine gets the answer "yes from 192.0.2.10" from broadcast 192.0.2.255:6000
    And the lan machine gets no answer from broadcast 192.0.2.191:6000

  @0.18-06
  Scenario: it can be bound
    Given "chbind --ip 192.0.2.11 --bcast eth0 listen -u 192.0.2.255:6000 yes" is listening
    Then the lan machine gets the answer "yes from 192.0.2.11" from broadcast 192.0.2.255:6000

  @0.22-01
  Scenario: a broadcast question comes from the address, and so its answer arrives
    When I run "listen -u 0.0.0.0:6000 yes >/dev/null 2>&1 & echo started" on the lan machine
    And I run "chbind --silent --ip 192.0.2.11 ask -b 192.0.2.255:6000"
    Then it prints "yes from 192.0.2.1"

  @0.14-04
  Scenario: where broadcasts cannot be brought the rest works without a word
    Given I run "chbind --ip 192.0.2.11 true"
    And the host has the device eth1
    And the host has the address 198.51.100.10 on eth1
    When I run "strace -o /dev/null -e inject=bpf:error=EOPNOTSUPP chbind --silent --ip 192.0.2.11 listen 192.0.2.10:80"
    Then it says "listen: Cannot assign requested address" on standard error
