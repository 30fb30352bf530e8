Feature: chbind keeps a command on the address it was given
  All sockets of the command and of its children use that address and no other. 0.0.0.0 means
  that address.

  Background:
    Given the host has the address 192.0.2.11 on eth0

  @0.1-01 @0.22-07
  Scenario Outline: a service on 0.0.0.0 answers on its address only
    Given "chbind --ip 192.0.2.11 listen <kind> <any>:8080 yes" is listening
    Then the lan machine gets the answer "yes" from <ask> 192.0.2.11:8080
    And the host gets the answer "yes" from <ask> 192.0.2.11:8080
    And the lan machine gets no answer from <ask> 192.0.2.10:8080
    And the host gets no answer from <ask> 127.0.0.1:8080

    Examples:
      | kind | any     | ask |
      |      | 0.0.0.0 |     |
      | -u   | 0.0.0.0 | udp |
      |      | [::]    |     |
      | -u   | [::]    | udp |

  @0.1-01
  Scenario Outline: another address cannot be bound
    When I run "chbind --silent --ip 192.0.2.11 listen <endpoint>"
    Then the command fails
    And it says "listen: Cannot assign requested address" on standard error

    Examples:
      | endpoint              |
      | 192.0.2.10:8080       |
      | -u 192.0.2.10:8080    |
      | [2001:db8::10]:8080   |
      | [::1]:8080            |
      | -u [2001:db8::10]:53  |

  @0.1-01
  Scenario: the children are restricted as well
    When I run "chbind --silent --ip 192.0.2.11 sh -c 'setsid sh -c "listen 192.0.2.10:80"'"
    Then the command fails
    And it says "listen: Cannot assign requested address" on standard error

  @0.1-01
  Scenario: what the command asks comes from its address
    Given the host has the program "/usr/local/bin/source":
      """
      #!/usr/bin/python3
      import socket
      for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
          s = socket.socket(type=kind)
          s.connect(("192.0.2.1", 22))
          print(s.getsockname()[0])
      """
    When I run "nc -l 22 >/dev/null 2>&1 & echo started" on the lan machine
    And I run "chbind --silent --ip 192.0.2.11 source"
    Then it prints:
      """
      192.0.2.11
      192.0.2.11
      """

  @0.1-02
  Scenario: a network device stands for its main address
    Given "chbind --ip eth0 listen 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.10:8080
    And the lan machine gets no answer from 192.0.2.11:8080

  @0.26-08
  Scenario: an address with its netmask
    Given "chbind --ip 192.0.2.11/255.255.255.0 listen 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.11:8080
    And the lan machine gets no answer from 192.0.2.10:8080

  @0.1-01
  Scenario: ping takes CAP_NET_RAW and no address
    When I run "chbind --silent --ip 192.0.2.11 ping -c 1 -q 192.0.2.1"
    Then the output contains "1 packets transmitted, 1 received"
    When I run "chbind --silent --ip 192.0.2.11 reducecap --secure python3 -c 'import socket; socket.socket(2, 3, 1)'"
    Then the command fails
    And standard error contains "Operation not permitted"
