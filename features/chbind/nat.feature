Feature: chbind on a host that translates addresses
  With connection tracking and masquerading on the host, as Docker and podman set them up, what is
  asked of an address of the set is answered from it. Datagrams to further addresses and broadcasts
  may take a rule that exempts their port from tracking.

  Background:
    Given the host has the address 192.0.2.11 on eth0
    And the host masquerades what leaves by eth0

  @0.19-21
  Scenario: connections to all addresses of a set
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.10:8080
    And the lan machine gets the answer "yes" from 192.0.2.11:8080

  @0.19-21
  Scenario: datagrams to the first address
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen -u 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from udp 192.0.2.10:8080

  @0.19-21
  Scenario: datagrams to the first address where routing prefers another one of the set
    Given "chbind --ip 192.0.2.11 --ip 192.0.2.10 listen -u 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from udp 192.0.2.11:8080

  @0.18-13
  Scenario: datagrams to a further address that is named
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen -u 192.0.2.11:8080 yes" is listening
    Then the lan machine gets the answer "yes" from udp 192.0.2.11:8080

  @0.18-06
  Scenario: broadcasts to a socket on the broadcast address
    Given "chbind --ip 192.0.2.10 --bcast eth0 listen -u 192.0.2.255:8080 yes" is listening
    Then the lan machine gets the answer "yes from 192.0.2.10" from broadcast 192.0.2.255:8080

  @0.19-21 @0.14-01
  Scenario: datagrams to further addresses, and broadcasts, on a port that is not tracked
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 --bcast eth0 listen -u 0.0.0.0:8080 yes" is listening
    When I run the script:
      """
      nft add table ip raw
      nft "add chain ip raw prerouting { type filter hook prerouting priority raw; }"
      nft "add chain ip raw output { type filter hook output priority raw; }"
      nft add rule ip raw prerouting udp dport 8080 notrack
      nft add rule ip raw output udp sport 8080 notrack
      """
    Then the lan machine gets the answer "yes" from udp 192.0.2.10:8080
    And the lan machine gets the answer "yes" from udp 192.0.2.11:8080
    And the lan machine gets the answer "yes from 192.0.2.10" from broadcast 192.0.2.255:8080
