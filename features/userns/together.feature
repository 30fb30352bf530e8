Feature: a user namespace goes together with what else a guest may have

  Scenario: with a network of its own
    Given a guest "web"
    And the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" has the setting S_FLAGS="userns netns"
    And the guest "web" is running
    When I run "wget -q -O - http://192.0.2.20/" on the lan machine
    Then it prints "web"

  Scenario Outline: scripts of packages that vrpm installs are run in it
    Given a guest "web" with the RPM packages hello-1.0-1
    And the guest "web" has the setting S_FLAGS=userns
    And the package file /root/hello-1.1-1.rpm
    And I run "<before>"
    And there is no file "/vservers/web/bin/sh"
    And the executable file "/vservers/web/bin/sh":
      """
      #!/bin/busybox sh
      { readlink /proc/self/ns/user; grep CapBnd /proc/self/status; } >/tmp/seen
      """
    When I run "vrpm web -- -U hello-1.1-1.rpm; grep -c $(readlink /proc/self/ns/user) /vservers/web/tmp/seen; tail -n 1 /vservers/web/tmp/seen"
    Then it prints:
      """
      Updating server web
      0
      CapBnd:	00000000b40c05ff
      """

    Examples:
      | before            |
      | true              |
      | vserver web start |

  Scenario: root of the guest handles the quota of its file system
    Given a guest "web" on a file system of its own with disk quota
    And the guest "web" has the setting S_FLAGS=userns
    And the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    When the guest "web" runs "quota-call set 1000 2000"
    Then it prints "ok"
    When I run "vserver --silent web suexec alice quota-call get 1000; vserver --silent web suexec alice quota-call set 1000 0"
    Then it prints:
      """
      ok 2000
      EPERM
      """
