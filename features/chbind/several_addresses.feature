Feature: chbind keeps a command on several addresses
  Up to 16 of them. 0.0.0.0 means all of these.

  Background:
    Given the host has the address 192.0.2.11 on eth0
    And the host has the address 192.0.2.12 on eth0

  @0.19-21 @0.22-02
  Scenario Outline: all of them answer, another one does not
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen <kind> 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from <ask> 192.0.2.10:8080
    And the lan machine gets the answer "yes" from <ask> 192.0.2.11:8080
    And the lan machine gets no answer from <ask> 192.0.2.12:8080
    And the host gets the answer "yes" from <ask> 192.0.2.11:8080

    Examples:
      | kind | ask |
      |      |     |
      | -u   | udp |

  @0.22-02 @0.19-21
  Scenario Outline: each answers for itself, whichever of them routing prefers
    Given "chbind --ip 192.0.2.12 --ip 192.0.2.10 --ip 192.0.2.11 listen -u <any>:8080 yes" is listening
    Then the lan machine gets the answer "yes" from udp 192.0.2.12:8080
    And the lan machine gets the answer "yes" from udp 192.0.2.11:8080
    And the lan machine gets the answer "yes" from udp 192.0.2.10:8080
    And the lan machine gets the answer "yes" from udp 192.0.2.12:8080
    And the host gets the answer "yes" from udp 192.0.2.12:8080

    Examples:
      | any     |
      | 0.0.0.0 |
      | [::]    |

  @0.22-02
  Scenario: programs that share a port (SO_REUSEPORT) do so on all addresses
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen -r 0.0.0.0:8080 yes" is listening
    And "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen -r 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.10:8080
    And the lan machine gets the answer "yes" from 192.0.2.11:8080

  @0.22-02 @0.14-01
  Scenario: those that share a port for datagrams do so on all addresses since Linux 6.6
    Given the kernel is Linux 6.6 or newer
    And "chbind --bcast eth0 --ip 192.0.2.10 --ip 192.0.2.11 listen -u -r 0.0.0.0:8080 yes" is listening
    And "chbind --bcast eth0 --ip 192.0.2.10 --ip 192.0.2.11 listen -u -r 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from udp 192.0.2.10:8080
    And the lan machine gets the answer "yes" from udp 192.0.2.11:8080
    And the lan machine gets the answer "yes from 192.0.2.10" from broadcast 192.0.2.255:8080

  @0.22-02
  Scenario: a server that would rather speak Multipath TCP serves all addresses by TCP
    Given the host has the program "/usr/local/bin/multipath":
      """
      #!/usr/bin/python3
      import socket
      def listener(protocol):
          s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
          s.bind(("0.0.0.0", 8080))
          s.listen()
          return s
      try:
          server = listener(262)  # IPPROTO_MPTCP
      except OSError as error:
          print(error.strerror)
          server = listener(0)
      print("listening", flush=True)
      while True:
          connection, _ = server.accept()
          connection.sendall(b"yes")
          connection.close()
      """
    And "chbind --silent --ip 192.0.2.10 --ip 192.0.2.11 multipath" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.10:8080
    And the lan machine gets the answer "yes" from 192.0.2.11:8080

  @0.18-13
  Scenario: a further address can be named
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen 192.0.2.11:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.11:8080
    And the lan machine gets no answer from 192.0.2.10:8080

  @0.18-07
  Scenario: one service on each address
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen 192.0.2.10:8080 first" is listening
    And "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen 192.0.2.11:8080 second" is listening
    Then the lan machine gets the answer "first" from 192.0.2.10:8080
    And the lan machine gets the answer "second" from 192.0.2.11:8080

  @0.22-04
  Scenario: disjoint sets use one port
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen 0.0.0.0:8080 one" is listening
    And "chbind --ip 192.0.2.12 listen 0.0.0.0:8080 two" is listening
    Then the lan machine gets the answer "one" from 192.0.2.11:8080
    And the lan machine gets the answer "two" from 192.0.2.12:8080

  @0.22-05
  Scenario: sets with a common address do not
    Given "chbind --ip 192.0.2.10 --ip 192.0.2.11 listen 0.0.0.0:8080" is listening
    When I run "chbind --silent --ip 192.0.2.12 --ip 192.0.2.11 listen 0.0.0.0:8080"
    Then the command fails
    And it says "listen: Address already in use" on standard error

  @0.23-01
  Scenario Outline: the source of what a running program sends follows the routes
    Given the host has the device eth1
    And the host has the address 198.51.100.10 on eth1
    And the host has the program "/usr/local/bin/sources":
      """
      #!/usr/bin/python3
      import socket, time
      told = ""
      while True:
          s = socket.socket(type=socket.SOCK_DGRAM)
          s.connect(("203.0.113.1", 53))
          if s.getsockname()[0] != told:
              told = s.getsockname()[0]
              print(told, flush=True)
          time.sleep(0.05)
      """
    And I run "ip route add 203.0.113.0/24 via 192.0.2.1"
    And "chbind --silent --ip 192.0.2.10 --ip 198.51.100.10 sources" runs in the background
    And the command in the background prints "192.0.2.10"
    When I run "ip route replace 203.0.113.0/24 dev eth1; <command>"
    Then the command in the background prints "198.51.100.10"

    Examples:
      | command                                                    |
      | chbind --silent --ip 192.0.2.10 --ip 198.51.100.10 true    |
      | /usr/lib/vserver/routeschanged                             |

  @0.19-21
  Scenario: the 17th is beyond the limit
    When I run the script:
      """
      for number in $(seq 20 36); do set -- "$@" --ip 192.0.2.$number; done
      chbind "$@" true
      """
    Then the command succeeds
    And it says "Too many IP numbers, max 16, ignored" on standard error
    And it prints "ipv4root is now 192.0.2.20 192.0.2.21 192.0.2.22 192.0.2.23 192.0.2.24 192.0.2.25 192.0.2.26 192.0.2.27 192.0.2.28 192.0.2.29 192.0.2.30 192.0.2.31 192.0.2.32 192.0.2.33 192.0.2.34 192.0.2.35"
