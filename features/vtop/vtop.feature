Feature: vtop is top for all contexts

  Background:
    Given a guest "web"
    And the guest "web" is running

  @0.6-22 @0.6-23 @0.16-10 @0.16-11
  Scenario: a single table, with the processes of guests and of the host
    When I run "vtop -b -n 1 2>&1 | awk 'NR > 7 {print $NF}' | sort -u | xargs"
    Then the command succeeds
    And the output contains "httpd"
    And the output contains "top"
    And the output does not contain "context"

  Scenario: on a terminal
    Given "TERM=vt100 vtop" runs on a terminal
    And the screen shows "httpd"
    When the terminal is resized to 20 rows and 60 columns
    And I press Control-C
    Then the command on the terminal ends with status -2

  Scenario: nobody can be killed from there
    Given "exec sleep 778" runs in the background
    And I run "until pgrep -x -f 'sleep 778'; do sleep 0.05; done"
    When I run "chcontext --silent --ctx 1 pkill -f -x 'sleep 778'"
    Then the command fails
    And the process "sleep 778" runs on the host

  Scenario: the top of busybox
    Given I run "mkdir /tmp/bin; ln -s $(command -v busybox) /tmp/bin/top"
    When I run "PATH=/tmp/bin:$PATH vtop -b -n 1"
    Then the command succeeds
    And the output contains "httpd"
