Feature: an unchanged Debian system in a user namespace

  Background:
    Given a guest "deb" with Debian at 192.0.2.30
    And the guest "deb" has the setting S_FLAGS="lock userns"
    And root of the lan machine may log in to the guest "deb"

  @0.11-11 @0.19-02
  Scenario: somebody logs in from another machine, at port 22
    Given the guest "deb" is running
    When I run "ssh -q -i /tmp/key -o StrictHostKeyChecking=no 192.0.2.30 'hostname; id -u; readlink /proc/self/ns/user /proc/1/ns/user | uniq | wc -l'" on the lan machine
    Then it prints:
      """
      deb
      0
      1
      """

  Scenario: a plain user becomes root by a program that is set-user-id, and root a plain user
    Given I run "vserver deb exec sh -c 'useradd -m ann; cp /usr/bin/id /bin/becomes; chmod 4755 /bin/becomes'"
    When I run "vserver --silent deb suexec ann /bin/becomes -u; vserver --silent deb exec su ann -c 'id -un'"
    Then it prints:
      """
      0
      ann
      """

  Scenario: its own init starts and ends the services
    Given the guest "deb" has the setting S_FLAGS="lock userns fakeinit"
    And the guest "deb" is running
    Then the process "/usr/sbin/cron" runs on the host
    When I run "vserver deb stop 2>&1"
    Then the guest "deb" is not running
    And no process "/usr/sbin/cron" runs on the host
