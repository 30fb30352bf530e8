Feature: vpstree is pstree for all contexts

  @0.16-10 @0.16-11
  Scenario: it shows the processes of guests and of the host
    Given a guest "web"
    And the guest "web" is running
    And "sleep 778" runs in the background
    And the process "sleep 778" runs on the host
    When I run "vpstree -a 2>&1"
    Then the command succeeds
    And the output contains "sleep 778"
    And the output contains "httpd -u www"
    And the output does not contain "New security context"

  Scenario: arguments keep their boundaries, the status comes back
    Given the executable file "/usr/local/bin/pstree":
      """
      #!/bin/sh
      printf '%s\n' "$@"
      exit 7
      """
    When I run "vpstree -a 'b  c' --help"
    Then the command fails with status 7
    And it prints:
      """
      -a
      b  c
      --help
      """

  Scenario: a context does not see the others
    When I run "chcontext --silent vpstree"
    Then the command fails with status 255
    And it says "Can't set the new security context (Operation not permitted)" on standard error
