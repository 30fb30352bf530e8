Feature: vserver NAME chkconfig turns a service of a guest on or off
  It uses the guest's chkconfig, or update-rc.d in a Debian guest.

  Scenario: a guest with chkconfig
    Given a guest "web" of Red Hat style
    When I run "vserver web chkconfig testd off; vserver web chkconfig --list testd"
    Then the command succeeds
    And the output contains "3:off"
    When I run "vserver web chkconfig --level 3 testd on; vserver web chkconfig --list testd"
    Then the output contains "2:off	3:on	4:off"

  @0.19-04
  Scenario Outline: a guest with update-rc.d
    Given a guest "web" with a Debian layout
    And the executable file "/vservers/web/usr/sbin/update-rc.d":
      """
      echo "$@" >>/calls; echo not of interest
      """
    When I run "vserver web chkconfig --level 3 httpd <word>"
    Then the command succeeds
    And it prints nothing
    And the file "/vservers/web/calls" is:
      """
      -f httpd remove
      <call>
      """

    Examples:
      | word  | call                                            |
      | on    | httpd start 80 2 3 4 5 . stop 20 0 1 6 .        |
      | start | httpd start 80 2 3 4 5 . stop 20 0 1 6 .        |
      | off   | httpd stop 20 0 1 2 3 4 5 6 .                   |
      | stop  | httpd stop 20 0 1 2 3 4 5 6 .                   |

  Scenario: a service that the guest does not have
    Given a guest "web" with a Debian layout
    And the executable file "/vservers/web/usr/sbin/update-rc.d":
      """
      echo not of interest >&2; exit 3
      """
    When I run "vserver web chkconfig httpd on"
    Then the command fails with status 3
    And it says "vserver: /usr/sbin/update-rc.d in 'web' ended with status 3" on standard error

  Scenario: a guest with neither
    Given a guest "web"
    When I run "vserver web chkconfig httpd on"
    Then the command fails with status 1
    And it prints:
      """
      chkconfig functionality is not available on this
      vserver distribution.
      Looked for /sbin/chkconfig and /usr/sbin/update-rc.d
      """

  Scenario: words are missing
    Given a guest "web" with a Debian layout
    When I run "vserver web chkconfig httpd"
    Then the command fails with status 1
    And it prints "Invalid argument, expected vserver name chkconfig [ --level nnn ] service on|off"

  Scenario: neither on nor off
    Given a guest "web" with a Debian layout
    And the executable file "/vservers/web/usr/sbin/update-rc.d":
      """
      exit 0
      """
    When I run "vserver web chkconfig httpd maybe"
    Then the command fails with status 1
    And it prints "vserver chkconfig: Expecting on or off"
