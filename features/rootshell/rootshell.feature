Feature: rootshell is a shell of the root server with all addresses

  Scenario: its arguments reach the shell unchanged
    When I run "/usr/lib/vserver/rootshell -c 'printf "[%s]" "$@"; echo' x 'a  b' '' '*'"
    Then the command succeeds
    And it prints "[a  b][][*]"

  Scenario: any address can be bound
    Given "/usr/lib/vserver/rootshell -c 'exec listen 0.0.0.0:7000'" is listening
    Then the lan machine gets the answer "192.0.2.10:7000" from 192.0.2.10:7000

  Scenario: without arguments it is a login shell
    When I run "/usr/lib/vserver/rootshell" on a terminal
    And I type "shopt login_shell"
    Then the screen shows "login_shell"
    And the screen shows "on"
