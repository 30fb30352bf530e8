Feature: a virtual server has several addresses
  IPROOT lists up to 16. 0.0.0.0 means all of them.

  Background:
    Given a guest "one"
    And the guest "one" has the setting IPROOT="192.0.2.31 192.0.2.32 192.0.2.33"
    And the guest "one" has the setting IPROOTDEV=eth0
    And the guest "one" can listen and ask
    And the guest "one" is running

  @0.22-02
  Scenario Outline: a service on 0.0.0.0 is reached by each of them
    Given "vserver one exec listen <kind> 0.0.0.0:8000 yes" is listening
    Then the lan machine gets the answer "yes" from <ask> 192.0.2.31:8000
    And the lan machine gets the answer "yes" from <ask> 192.0.2.32:8000
    And the host gets the answer "yes" from <ask> 192.0.2.33:8000
    And the lan machine gets no answer from <ask> 192.0.2.10:8000

    Examples:
      | kind | ask |
      |      |     |
      | -u   | udp |

  @0.18-07 @0.18-13
  Scenario: services of their own on each
    Given "vserver one exec listen 192.0.2.31:8000 first" is listening
    And "vserver one exec listen 192.0.2.32:8000 second" is listening
    Then the lan machine gets the answer "first" from 192.0.2.31:8000
    And the lan machine gets the answer "second" from 192.0.2.32:8000
    And the lan machine gets no answer from 192.0.2.33:8000

  @0.22-05
  Scenario: virtual servers that share an address do not share its ports
    Given a guest "two"
    And the guest "two" has the setting IPROOT="192.0.2.34 192.0.2.32"
    And the guest "two" has the setting IPROOTDEV=eth0
    And the guest "two" can listen and ask
    And the guest "two" is running
    And "vserver one exec listen 0.0.0.0:8000" is listening
    When the guest "two" runs "listen 0.0.0.0:8000"
    Then the command fails
    And standard error contains "listen: Address already in use"

  @0.23-01
  Scenario: a connection comes from the address in the network it goes to
    Given I run "ip link add eth1 type veth peer name eth1-lan && ip link set eth1-lan netns /proc/self/ns/net && ip addr add 198.51.100.1/24 dev eth1 && ip link set eth1 up && ip link set eth1-lan up"
    And the guest "one" is stopped
    And the guest "one" has the setting IPROOT="192.0.2.31 eth1:198.51.100.31"
    And the guest "one" is running
    And "vserver one exec listen 0.0.0.0:8000" is listening
    When the guest "one" runs "ask 198.51.100.31:8000"
    Then the output has the line "198.51.100.31:8000"
