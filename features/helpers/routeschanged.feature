Feature: routeschanged has address sets follow the routes
  That they do is shown with chbind, where the sets are made.

  Scenario: without any set there is nothing to do
    When I run "/usr/lib/vserver/routeschanged"
    Then the command succeeds
    And it prints nothing

  Scenario: the arguments of hook scripts are ignored
    Given I run "chbind --silent --ip 192.0.2.10 true"
    When I run "/usr/lib/vserver/routeschanged eth0 up"
    Then the command succeeds
    And standard error is empty

  Scenario: only root can
    Given the host has the user "alice"
    When I run "su alice -c /usr/lib/vserver/routeschanged"
    Then the command fails with status 255
    And it says on standard error:
      """
      routeschanged: Operation not permitted
      it takes root
      """

  Scenario: where there are no sets at all it says what is missing
    Given I run "umount -l /sys/fs/cgroup"
    When I run "/usr/lib/vserver/routeschanged"
    Then the command fails with status 255
    And standard error contains "cgroup v2 is not mounted"
