Feature: a guest cannot change what others share with it
  Root in a guest tries, on every kind of file system.

  Background:
    Given the executable file "/root/attack":
      """
      #!/bin/sh
      # every way to change a file's content or attributes; prints those that worked
      try() {
          "$@" 2>/dev/null && echo "$*"
      }
      f=/usr/bin/hello
      try sh -c "echo evil >>$f"
      try sh -c "echo evil >$f"
      try truncate -s 1 $f
      try chmod 4755 $f
      try chown 1:1 $f
      try touch -d 1999-01-01 $f
      try chattr -i $f
      ln $f /usr/bin/other 2>/dev/null && try sh -c "echo evil >>/usr/bin/other"
      true
      """

  @0.4-07 @0.6-04 @0.6-06
  Scenario Outline: nothing that a guest does shows in another one
    Given the guests lie on a new <type> file system
    And a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1
    And I run "cp /root/attack /vservers/vs1/bin; md5sum /vservers/ref/usr/bin/hello >/tmp/sum; stat -c '%a %u %Y' /vservers/ref/usr/bin/hello >/tmp/stat"
    And I run "/usr/lib/vserver/vunify ref vs1 -- ALL"
    When the guest "vs1" runs "/bin/attack"
    And I run "md5sum -c /tmp/sum; stat -c '%a %u %Y' /vservers/ref/usr/bin/hello | cmp - /tmp/stat"
    Then the command succeeds

    Examples:
      | type  |
      | ext4  |
      | btrfs |
      | xfs   |

  @0.9-18
  Scenario: on ext4 no change works at all
    Given the guests lie on a new ext4 file system
    And a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1
    And I run "cp /root/attack /vservers/vs1/bin; /usr/lib/vserver/vunify ref vs1 -- ALL"
    When the guest "vs1" runs "/bin/attack"
    Then it prints nothing

  @0.6-03 @0.6-07 @0.6-08 @0.6-31
  Scenario: a guest upgrades a package, and goes its own way
    Given the guests lie on a new btrfs file system
    And a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1
    And I run "/usr/lib/vserver/vunify ref vs1 -- ALL"
    When the guest "vs1" runs "sh -c 'echo new >/tmp/hello && mv -f /tmp/hello /usr/bin/hello && rm -f /usr/share/hello/*'"
    Then the command succeeds
    And the file "/vservers/vs1/usr/bin/hello" has the line "new"
    And the file "/vservers/ref/usr/bin/hello" has the line "hello 1.0"

  @0.4-09
  Scenario: a shared program is in memory once
    Given a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1
    And I run "/usr/lib/vserver/vunify ref vs1 -- ALL"
    When I run "stat -c %d:%i /vservers/ref/usr/bin/hello /vservers/vs1/usr/bin/hello | uniq | wc -l"
    Then it prints "1"

  Scenario: links in the guest do not lead vunify out of it
    Given a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1
    And I run "mkdir -p /usr/share/hello; mv /vservers/vs1/usr/bin/hello /usr/share/hello/hello"
    And I run "cp '/vservers/ref/usr/share/hello/a file' /usr/share/hello; rm -r /vservers/vs1/usr/share/hello; ln -s ../../../../usr/share/hello /vservers/vs1/usr/share/hello"
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello"
    Then the command fails with status 255
    And the file "/usr/share/hello/hello" has the line "hello 1.0"
    When I run "stat -c %h '/usr/share/hello/a file'"
    Then it prints "1"
