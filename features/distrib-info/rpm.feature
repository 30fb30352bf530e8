Feature: distrib-info knows the packages of a guest with RPM
  What it says is what the root server's rpm reads from the guest's database, stopped or running.
  No program of the guest is run for that, and its tree is left as it was.

  Background:
    Given a guest "web" with the RPM packages hello-1.0-1 world-2.3-4

  @0.26-03 @0.26-05
  Scenario: the packages with their versions
    When I run "/usr/lib/vserver/distrib-info web pkgversion"
    Then it prints:
      """
      hello=1.0-1
      world=2.3-4
      """

  @0.26-05
  Scenario: the list of packages and of files is that of rpm
    Given the executable file "/root/same":
      """
      #!/bin/bash -eu
      query="rpm --root /vservers/web --dbpath /var/lib/rpm -q"
      info="/usr/lib/vserver/distrib-info web"
      diff <($query -a --qf '%{name}=%{version}-%{release}\n' | sort) <($info pkgversion)
      diff <($query -l hello world) <($info dumpfiles hello world)
      comm -12 <($query -c hello world | sort) <($info unifiles hello world | sort)
      """
    When I run "/root/same"
    Then the command succeeds
    And it prints nothing

  @0.26-05
  Scenario: what guests may share is neither configuration nor log nor link
    When I run "/usr/lib/vserver/distrib-info web unifiles hello"
    Then it prints:
      """
      /usr/bin/hello
      /usr/share/doc/hello/README
      /usr/share/hello/a file
      """

  Scenario Outline: a package is named with or without its version
    When I run "/usr/lib/vserver/distrib-info web unifiles <package>"
    Then the command succeeds
    And the output has the line "/usr/bin/hello"

    Examples:
      | package            |
      | hello-1.0-1        |
      | hello=1.0-1        |
      | hello-1.0-1.noarch |

  Scenario: a directory is a server, too
    When I run "/usr/lib/vserver/distrib-info /vservers/web pkgversion"
    Then the output has the line "hello=1.0-1"

  @0.29-05 @0.29-22
  Scenario: the tree is where the configuration says
    Given I run "mv /vservers/web /vservers/elsewhere"
    And the guest "web" has the setting VSERVERDIR=$(echo /vservers/elsewhere)
    When I run "/usr/lib/vserver/distrib-info web pkgversion"
    Then the output has the line "hello=1.0-1"

  Scenario: the database is read from a copy
    When I run the script:
      """
      cd /vservers/web/var/lib/rpm
      stat -c '%n %Y %Z' . * >/tmp/before
      /usr/lib/vserver/distrib-info web dumpfiles hello >/dev/null
      stat -c '%n %Y %Z' . * | diff /tmp/before - && ls -d /tmp/vserver.*
      """
    Then it prints nothing

  Scenario: who is not root reads what he may
    Given I run "cp -a /vservers/web /srv/web"
    When I run "setpriv --reuid 65534 --clear-groups /usr/lib/vserver/distrib-info /srv/web pkgversion"
    Then the command succeeds
    And the output has the line "hello=1.0-1"

  Scenario: what a killed reader leaves is removed by the next one, and no more
    Given I run "mv /usr/bin/rpm /usr/bin/rpm.real"
    And the executable file "/usr/bin/rpm":
      """
      #!/bin/sh
      sleep 3
      exec /usr/bin/rpm.real "$@"
      """
    When I run the script:
      """
      /usr/lib/vserver/distrib-info web pkgversion &
      until pgrep -x -f 'sleep 3' >/dev/null; do sleep 0.05; done
      kill -KILL $!
      wait
      ls /var/cache/vserver | wc -l
      while pgrep -x -f 'sleep 3' >/dev/null; do sleep 0.05; done
      """
    Then it prints "1"
    When I run the script:
      """
      /usr/lib/vserver/distrib-info web pkgversion &
      until pgrep -x -f 'sleep 3' >/dev/null; do sleep 0.05; done
      /usr/lib/vserver/distrib-info web pkgversion
      wait
      ls /var/cache/vserver | wc -l
      """
    Then it prints:
      """
      hello=1.0-1
      world=2.3-4
      hello=1.0-1
      world=2.3-4
      0
      """

  Scenario Outline: no room for the copy of the database
    Given the directory "/vservers/new"
    And I run "mkdir -p /var/cache/vserver && mount -t tmpfs -o <room> none /var/cache/vserver"
    When I run "/usr/lib/vserver/<command>"
    Then the command fails with status <status>
    And it says "Can't read package database of web (No space left on device)" on standard error
    And the directory "/var/cache/vserver" is empty

    Examples:
      | room        | command                 | status |
      | size=64k    | distrib-info web pkgversion | 1  |
      | nr_inodes=1 | distrib-info web pkgversion | 1  |
      | nr_inodes=2 | distrib-info web pkgversion | 1  |
      | size=64k    | vunify web new -- ALL   | 255    |
      | size=64k    | vcheck --verify web new | 255    |
