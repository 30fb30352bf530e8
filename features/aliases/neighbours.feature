Feature: the neighbours learn at once that an address has moved to this machine
  Whoever has talked to the address on another machine would go on sending there for minutes.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" has the setting IPROOT=192.0.2.20

  Scenario: a guest starts here that has run elsewhere
    When I run "ip neigh add 192.0.2.20 lladdr 02:00:00:00:00:01 dev eth0 nud reachable" on the lan machine
    And I run "vserver web start"
    And I run "until ip neigh show 192.0.2.20 | grep -qv 02:00:00:00:00:01; do sleep 0.01; done; wget -q -O - http://192.0.2.20/" on the lan machine
    Then it prints "web"

  Scenario: one with a network of its own
    Given the guest "web" has the setting S_FLAGS=netns
    When I run "ip neigh add 192.0.2.20 lladdr 02:00:00:00:00:01 dev eth0 nud reachable" on the lan machine
    And I run "vserver web start"
    And I run "until ip neigh show 192.0.2.20 | grep -qv 02:00:00:00:00:01; do sleep 0.01; done; wget -q -O - http://192.0.2.20/" on the lan machine
    Then it prints "web"

  Scenario: nothing is said of an address that is set already
    When I run "ip neigh add 192.0.2.20 lladdr 02:00:00:00:00:01 dev eth0 nud reachable" on the lan machine
    And I run "vserver web start"
    And I run "until ip neigh show 192.0.2.20 | grep -qv 02:00:00:00:00:01; do sleep 0.01; done" on the lan machine
    And I run "ip neigh replace 192.0.2.20 lladdr 02:00:00:00:00:01 dev eth0 nud reachable" on the lan machine
    And I run "vserver --silent web exec true; sleep 0.5"
    And I run "ip neigh show 192.0.2.20 | cut -d ' ' -f 5" on the lan machine
    Then it prints "02:00:00:00:00:01"
