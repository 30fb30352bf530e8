Feature: vcheck --verify checks a guest by the package database of another one
  An intruder who owns a guest can change its programs, and its package database to match. So
  the database of a reference server that never runs is asked, and the root server looks at the
  files itself.

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1 world-2.3-4
    And a guest "web" with the RPM packages hello-1.0-1 world-2.3-4

  @0.21-01
  Scenario: nothing was changed
    When I run "/usr/lib/vserver/vcheck --verify ref web"
    Then the command succeeds
    And it prints nothing
    And standard error is empty

  @0.21-01
  Scenario: a changed program is found although the guest's own database agrees with it
    Given I run "rpm --root /vservers/web --dbpath /var/lib/rpm -e --noscripts hello"
    And the guest "web" has a forged package hello-1.0-1
    When I run "/usr/lib/vserver/vcheck --verify ref web"
    Then the command fails with status 1
    And it prints "S.5......    /usr/bin/hello"

  Scenario: the columns are those of rpm -V
    Given the executable file "/root/change":
      """
      #!/bin/sh -e
      cd /vservers/web
      echo more >>etc/hello.conf
      chmod 4755 usr/bin/hello
      chown 33:100 etc/hello.plain
      ln -sf world usr/bin/hello-link
      rm 'usr/share/hello/a file' usr/bin/world
      ln -s /etc/shadow usr/bin/world
      setcap cap_net_raw+ep usr/share/doc/hello/README
      """
    And I run "/root/change"
    When I run "/usr/lib/vserver/vcheck --verify ref web >/tmp/ours; rpm --root /vservers/web --dbpath /var/lib/rpm -V hello >/tmp/rpm; grep -v world$ /tmp/ours | diff - /tmp/rpm"
    Then the command succeeds
    And the file "/tmp/ours" contains "S.5....T.  c /etc/hello.conf"
    And the file "/tmp/ours" contains ".M.......    /usr/bin/hello"
    And the file "/tmp/ours" contains ".....UG..    /etc/hello.plain"
    And the file "/tmp/ours" contains "missing     /usr/share/hello/a file"
    And the file "/tmp/ours" contains "/usr/bin/world"

  @0.21-02
  Scenario: any number of guests
    Given a guest "mail" with the RPM packages hello-1.0-1 world-2.3-4
    And a guest "dns" with the RPM packages hello-1.0-1 world-2.3-4
    And I run "rm /vservers/web/usr/bin/hello /vservers/mail/usr/bin/world"
    When I run "/usr/lib/vserver/vcheck --verify ref web mail dns"
    Then the command fails with status 1
    And it prints:
      """
      Server web:
      missing     /usr/bin/hello
      Server mail:
      missing     /usr/bin/world
      Server dns:
      """

  @0.21-03
  Scenario: running or stopped makes no difference
    Given I run "rm /vservers/web/usr/bin/hello"
    And the guest "web" is running
    When I run "/usr/lib/vserver/vcheck --verify ref web"
    Then it prints "missing     /usr/bin/hello"
    And the guest "ref" is stopped

  @0.21-04
  Scenario: no program of the guest is run
    Given I run "rm -r /vservers/web/bin /vservers/web/lib /vservers/web/sbin 2>/dev/null; rm /vservers/web/usr/bin/hello"
    And the executable file "/vservers/web/bin/sh":
      """
      #!/bin/busybox sh
      echo "$0 $*" >>/var/log/run
      """
    And I run "for name in rpm env setpriv; do cp /vservers/web/bin/sh /vservers/web/bin/$name; done"
    When I run "/usr/lib/vserver/vcheck --verify ref web"
    Then it prints "missing     /usr/bin/hello"
    And the file "/vservers/web/var/log/run" does not exist

  @0.21-05
  Scenario: packages that only one of them has
    Given a guest "mail" with the RPM packages hello-1.0-1 other-1-1
    And I run "rm /vservers/mail/usr/bin/hello"
    When I run "/usr/lib/vserver/vcheck --verify ref mail"
    Then the command fails with status 1
    And it prints "missing     /usr/bin/hello"
    And it says "world-2.3-4 not verified" on standard error

  Scenario Outline: what a guest puts in the way of the check
    Given I run "cd /vservers/web/usr/bin && rm hello && <trap>"
    When I run "/usr/lib/vserver/vcheck --verify ref web"
    Then the command fails with status 1
    And the output contains "/usr/bin/hello"
    And standard error is empty
    And the command takes less than 5 seconds

    Examples:
      | trap                                          |
      | mkfifo hello                                  |
      | mknod hello c 1 5                             |
      | truncate -s 8T hello                          |
      | mkdir hello                                   |
      | ln -s /proc/self/fd/0 hello                   |
