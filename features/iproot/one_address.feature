Feature: a virtual server has an address of its own
  Its programs use that address and no other; 127.0.0.1 is another name for it.

  Background:
    Given a guest "one"
    And the guest "one" has the setting IPROOT=192.0.2.31
    And the guest "one" has the setting IPROOTDEV=eth0
    And the guest "one" can listen and ask
    And the guest "one" is running

  @0.11-15 @0.16-14 @0.22-07
  Scenario Outline: a service on 0.0.0.0 gets only what is for the virtual server
    Given "vserver one exec listen <kind> 0.0.0.0:9003 one" is listening
    Then the lan machine gets the answer "one" from <ask> 192.0.2.31:9003
    And the host gets the answer "one" from <ask> 192.0.2.31:9003
    And the lan machine gets no answer from <ask> 192.0.2.10:9003
    And the host gets no answer from <ask> 127.0.0.1:9003

    Examples:
      | kind | ask |
      |      |     |
      | -u   | udp |

  @0.18-14 @0.16-14
  Scenario Outline: no other address can be bound
    When the guest "one" runs "listen <endpoint>"
    Then the command fails
    And it says "listen: Cannot assign requested address" on standard error

    Examples:
      | endpoint            |
      | 192.0.2.10:9003     |
      | -u 192.0.2.10:9003  |
      | [2001:db8::10]:9003 |

  @0.11-12
  Scenario: localhost is the virtual server itself
    Given "vserver one exec listen 0.0.0.0:9000 any" is listening
    And "vserver one exec listen 127.0.0.1:9001 localhost" is listening
    When the guest "one" runs "ask 127.0.0.1:9000"
    Then the output has the line "any"
    When the guest "one" runs "ask 127.0.0.1:9001"
    Then the output has the line "localhost"
    And the host gets the answer "localhost" from 192.0.2.31:9001

  @0.11-14
  Scenario Outline: and so is the name localhost, whatever it means
    Given the file "/vservers/one/etc/hosts" with the line "<address> localhost"
    And "vserver one exec listen 0.0.0.0:9000 one" is listening
    When the guest "one" runs "nc localhost 9000"
    Then the output has the line "one"

    Examples:
      | address   |
      | 127.0.0.1 |
      | ::1       |

  @0.11-13
  Scenario: the loopback of the root server is out of reach
    Given "listen 127.0.0.1:9002 host" is listening
    When the guest "one" runs "ask 127.0.0.1:9002"
    Then the command fails
    And standard error contains "ask: Connection refused"
    When "vserver one exec listen 127.0.0.1:9002 one" is listening
    And the guest "one" runs "ask 127.0.0.1:9002"
    Then the output has the line "one"

  @0.11-13 @0.22-04
  Scenario: and so is that of another virtual server
    Given a guest "two"
    And the guest "two" has the setting IPROOT=192.0.2.32
    And the guest "two" has the setting IPROOTDEV=eth0
    And the guest "two" can listen and ask
    And the guest "two" is running
    And "vserver one exec listen 127.0.0.1:9002 one" is listening
    When the guest "two" runs "ask 127.0.0.1:9002"
    Then standard error contains "ask: Connection refused"
    When "vserver two exec listen 0.0.0.0:9002 two" is listening
    And the guest "two" runs "ask 127.0.0.1:9002"
    Then the output has the line "two"
    And the lan machine gets the answer "one" from 192.0.2.31:9002

  @0.14-05 @0.14-06
  Scenario: datagrams to the address and to the broadcast address arrive
    Given "vserver one exec listen -u 0.0.0.0:6000 yes" is listening
    Then the lan machine gets the answer "yes" from udp 192.0.2.31:6000
    And the lan machine gets the answer "yes from 192.0.2.31" from broadcast 192.0.2.255:6000

  @0.18-06
  Scenario: the broadcast address can be bound
    Given "vserver one exec listen -u 192.0.2.255:6000 yes" is listening
    Then the lan machine gets the answer "yes from 192.0.2.31" from broadcast 192.0.2.255:6000

  @0.22-01
  Scenario: questions come from the address of the virtual server, broadcast ones too
    When I run "listen -u 0.0.0.0:6000 yes >/dev/null 2>&1 & echo started" on the lan machine
    And the guest "one" runs "ask -u 192.0.2.1:6000"
    Then the output has the line "yes"
    When the guest "one" runs "ask -b 192.0.2.255:6000"
    Then the output has the line "yes from 192.0.2.1"

  @0.16-15 @0.22-29
  Scenario Outline: 0.0.0.0 or nothing stands for all addresses
    Given the guest "one" is stopped
    And the guest "one" has the setting IPROOT=<setting>
    And the guest "one" is running
    And "vserver one exec listen 0.0.0.0:9003 one" is listening
    Then the lan machine gets the answer "one" from 192.0.2.10:9003
    And the host gets the answer "one" from 127.0.0.1:9003

    Examples:
      | setting |
      | 0.0.0.0 |
      | ""      |
