Feature: vnetstat shows all sockets of a virtual server
  A socket belongs to the context that made it, whatever address it uses.

  Background:
    Given a guest "web"
    And a guest "mail"
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "mail" has the setting IPROOTDEV=eth0
    And the guest "web" has the setting IPROOT="192.0.2.20 192.0.2.21"
    And the guest "mail" has the setting IPROOT="192.0.2.30 192.0.2.31"
    And the guest "web" can listen and ask
    And the guest "mail" can listen and ask

  @0.31-05
  Scenario: its own and nobody else's
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    And "vserver --silent web exec listen -u 192.0.2.21:8001" is listening
    And "vserver --silent mail exec listen 192.0.2.30:8002" is listening
    And "listen 192.0.2.10:8003" is listening
    When I run "vnetstat -tu web | cat -E"
    Then it prints:
      """
      Active Internet connections (servers and established)$
      Proto Recv-Q Send-Q Local Address           Foreign Address         State      $
      tcp        0      0 0.0.0.0:8000            0.0.0.0:*               LISTEN     $
      udp        0      0 192.0.2.21:8001         0.0.0.0:*                          $
      """
    When I run "vnetstat -tu 0 | grep -o '[0-9.]*:800[0-9]'"
    Then it prints "192.0.2.10:8003"

  @0.31-05
  Scenario: an established connection, at the address that was asked
    Given the guest "web" is running
    And "sleep 100 | nc 192.0.2.21 80" runs in the background
    When I run "until vnetstat -t web | grep ESTABLISHED; do sleep 0.05; done | awk '{print $1, $4, $6}'"
    Then it prints "tcp6 ::ffff:192.0.2.21:80 ESTABLISHED"

  @0.22-03 @0.22-06
  Scenario: over all, several sockets may be at 0.0.0.0 with the same port
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    And "vserver --silent mail exec listen 0.0.0.0:8000" is listening
    And "vserver --silent web exec listen -u 0.0.0.0:53" is listening
    When I run "vnetstat -tul ALL | grep -E 'Server|800|53' | cut -c 1-45"
    Then it prints:
      """
      Server root server (context 0)
      Server web (context 49152)
      tcp        0      0 0.0.0.0:8000            0
      udp        0      0 0.0.0.0:53              0
      Server mail (context 49153)
      tcp        0      0 0.0.0.0:8000            0
      """

  Scenario: the program
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    When I run "vnetstat -tlp web | sed 's, [0-9]*/listen, N/listen,' | cut -c 69- | sed 's/ *$//'"
    Then it prints:
      """

      State       PID/Program name
      LISTEN      N/listen
      """

  Scenario: a connection that is over is found by its address
    Given "vserver --silent web exec listen 192.0.2.20:8000" is listening
    And I run "nc -d 192.0.2.20 8000"
    And I run "until vnetstat -t web | grep TIME_WAIT; do sleep 0.05; done"
    When I run "vnetstat -t web | awk '/TIME_WAIT/ {print $4}'; vnetstat -t 0"
    Then the output has the line "192.0.2.20:8000"
    And the output does not contain "TIME_WAIT"

  Scenario: Unix sockets belong to who has a descriptor
    Given "chcontext --silent --ctx 300 nc -lU /tmp/socket" runs in the background
    When I run "until vnetstat -x 300 | grep /tmp/socket; do sleep 0.05; done | awk '{print $1, $2, $3, $4, $5, $6, $7, $9}'"
    Then it prints "unix 1 [ ACC ] STREAM LISTENING /tmp/socket"
    When I run "vnetstat -x 0"
    Then the output does not contain "/tmp/socket"

  Scenario: what a program inside makes of its names cannot harm a terminal
    Given "chcontext --silent --ctx 300 nc -lU $(printf '/tmp/\033c')" runs in the background
    When I run "until vnetstat -x 300 | grep -o '/tmp/.*'; do sleep 0.05; done"
    Then it prints "/tmp/\033c"

  Scenario: raw sockets show the protocol in place of the port
    Given "python3 -c 'import socket, time; s = socket.socket(2, 3, 1); time.sleep(100)'" runs in the background
    When I run "until vnetstat -wn 0 | grep '^raw'; do sleep 0.05; done | awk '{print $1, $4, $5, $6}'"
    Then it prints "raw 0.0.0.0:1 0.0.0.0:* 7"

  Scenario: the monitoring context has them all
    Given "vserver --silent web exec listen 192.0.2.20:8000" is listening
    And "listen 192.0.2.10:8003" is listening
    When I run "vnetstat -tl 1 | awk '/LISTEN/ {print $4}' | sort; ss -Htln | awk '{print $4}' | sort"
    Then it prints:
      """
      192.0.2.10:8003
      192.0.2.20:8000
      192.0.2.10:8003
      192.0.2.20:8000
      """

  Scenario: as JSON
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    When I run "vnetstat --json -tp web | python3 -c 'import json, sys; (web,) = json.load(sys.stdin); print(web["server"], web["context"], [(s["local"], s["program"]) for s in web["sockets"]])'"
    Then it prints "web 49152 [('0.0.0.0:8000', 'listen')]"
