Feature: netstat in a guest
  Any netstat works, also while connections come and go.

  @0.16-28
  Scenario: its output stays complete while connections open and close
    Given a guest "web"
    And the guest "web" is running
    And "while :; do nc -z 127.0.0.1 9; done" runs in the background
    When the guest "web" runs "sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do netstat -an | grep -c ^Active; done | uniq'"
    Then it prints "2"
