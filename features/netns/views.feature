Feature: a guest with a network of its own sees nothing of anybody else's

  Background:
    Given a guest "web"
    And a guest "mail"
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "mail" has the setting IPROOTDEV=eth0
    And the guest "web" has the setting IPROOT="192.0.2.20 192.0.2.21"
    And the guest "mail" has the setting IPROOT=192.0.2.30
    And the guest "web" has the setting S_FLAGS="netns lock"
    And the guest "mail" has the setting S_FLAGS="netns lock"
    And the guest "web" can listen and ask
    And the guest "mail" can listen and ask

  @0.11-16 @0.22-03
  Scenario: netstat shows its own sockets, and one on any address at 0.0.0.0
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    And "vserver --silent mail exec listen 0.0.0.0:8001" is listening
    And "listen 192.0.2.10:8002" is listening
    When the guest "web" runs "sh -c 'netstat -an | grep -c :800; netstat -ltn | grep :800 | cut -c 1-32'"
    Then it prints:
      """
      1
      tcp        0      0 0.0.0.0:8000
      """
    When the guest "web" runs "sh -c 'grep -c 00000000:0000 /proc/net/tcp'"
    Then it prints "1"

  @0.11-17
  Scenario: it is not the address that counts
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    And the guest "mail" has the setting IPROOT="192.0.2.30 192.0.2.20"
    And "vserver --silent mail exec listen 192.0.2.20:8001" is listening
    When the guest "web" runs "sh -c 'netstat -ltn | grep -o :800.'"
    Then it prints ":8000"
    When the guest "mail" runs "sh -c 'netstat -ltn | grep -o :800.'"
    Then it prints ":8001"
    And the lan machine gets the answer "192.0.2.20:8000" from 192.0.2.20:8000

  @0.22-06
  Scenario: both have a socket on the same port of any address
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    And "vserver --silent mail exec listen 0.0.0.0:8000" is listening
    When the guest "web" runs "sh -c 'netstat -ltn | grep -c 0.0.0.0:8000'"
    Then it prints "1"
    When I run "vnetstat -tl ALL | grep -o 0.0.0.0:8000"
    Then it prints:
      """
      0.0.0.0:8000
      0.0.0.0:8000
      """

  @0.10-15
  Scenario: of the devices it sees the one that has its addresses
    Given the host has the device dummy1
    When the guest "web" runs "sh -c 'cut -d: -f1 /proc/net/dev | tail -n +3 | xargs'"
    Then it prints "lo eth0"
    When the guest "web" runs "sh -c 'ifconfig | grep -o ^[a-z0-9:]* | xargs'"
    Then it prints "eth0 eth0:web eth0:web1 lo"

  Scenario: vnetstat has its connections that are over, also those of its loopback
    Given "vserver --silent web exec listen 0.0.0.0:8000" is listening
    And I run "nc -d 192.0.2.20 8000; vserver web exec ask 127.0.0.1:8000"
    And I run "until test $(vnetstat -t 1 | grep -c TIME_WAIT) = 2; do sleep 0.05; done"
    When I run "vnetstat -t web | grep -c TIME_WAIT; vnetstat -t 0"
    Then the output has the line "2"
    And the output does not contain "TIME_WAIT"
