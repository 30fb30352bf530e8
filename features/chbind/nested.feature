Feature: an address set can only be narrowed
  Whoever has one can give its children fewer addresses, not other ones. Root of the root server
  can go back to all addresses; that is what a login through a restricted service needs.

  Background:
    Given the host has the address 192.0.2.11 on eth0

  Scenario: fewer addresses
    Given "chbind --ip eth0 --ip 192.0.2.11 chbind --ip 192.0.2.11 listen 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.11:8080
    And the lan machine gets no answer from 192.0.2.10:8080

  Scenario: another address
    When I run "chbind --silent --ip eth0 chbind --ip 192.0.2.11 echo run"
    Then the command fails with status 255
    And it prints nothing
    And it says "Can't set the ipv4 root (Operation not permitted)" on standard error

  Scenario: back to all addresses
    Given "chbind --ip 192.0.2.11 chbind --ip 0.0.0.0 listen 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.10:8080

  Scenario: not without the right to administer the network
    When I run "chbind --silent --ip eth0 reducecap --secure chbind --ip 0.0.0.0 true"
    Then the command fails with status 255
    And standard error contains "Can't set the ipv4 root (Operation not permitted)"

  Scenario: the set goes along into a new context
    When I run "chbind --silent --ip 192.0.2.11 chcontext --silent listen 192.0.2.10:8080"
    Then the command fails
    And it says "listen: Cannot assign requested address" on standard error
