Feature: file systems that the host mounts in a guest's tree
  A guest cannot mount. What the administrator mounts below its directory, before the start or
  while it runs, the guest sees; what the guest has of its own the host's mount table does not show.

  Background:
    Given a guest "web"
    And I run "mkdir /vservers/web/data"

  Scenario: a file system mounted before the start is there
    Given I run "mount -t tmpfs none /vservers/web/data"
    And I run "touch /vservers/web/data/before"
    When I run "vserver --silent web exec ls /data"
    Then it prints "before"

  Scenario: a file system mounted while the guest runs arrives
    Given the guest "web" is running
    And I run "mount -t tmpfs none /vservers/web/data"
    And I run "touch /vservers/web/data/later"
    When I run "vserver --silent web exec ls /data"
    Then it prints "later"

  Scenario: it can be unmounted while the guest runs
    Given I run "mount -t tmpfs none /vservers/web/data"
    And the guest "web" is running
    When I run "umount /vservers/web/data"
    Then the command succeeds

  @0.3-01
  Scenario: the host's mount table stays clean
    Given the guest "web" is running
    When I run "grep -c /vservers/web /proc/mounts"
    Then it prints "0"

  Scenario: the path of the guest has a blank in it
    When I run the script:
      """
      mkdir "/srv/my guests"
      mount -t tmpfs none "/srv/my guests"
      mount --make-private "/srv/my guests"
      mv /vservers/web "/srv/my guests"
      echo 'VSERVERDIR="/srv/my guests/web"' >>/etc/vservers/web.conf
      vserver --silent web start >/dev/null
      mount -t tmpfs none "/srv/my guests/web/data"
      touch "/srv/my guests/web/data/later"
      mount -t proc proc "/srv/my guests/web/proc"
      vserver --silent web exec ls /data
      vserver --silent web stop >/dev/null
      grep -c guests/web/proc /proc/mounts
      """
    Then it prints:
      """
      later
      0
      """
