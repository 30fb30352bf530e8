@0.26-06
Feature: distrib-info knows the packages of a guest with DEB

  Background:
    Given a guest "deb" with Debian at 192.0.2.20

  Scenario: the list of packages is that of dpkg
    When I run the script:
      """
      chroot /vservers/deb dpkg-query -W -f '${Package}=${Version}\n' | sort >/tmp/dpkg
      /usr/lib/vserver/distrib-info deb pkgversion | sort | diff /tmp/dpkg -
      """
    Then the command succeeds
    And it prints nothing

  Scenario: the list of files is that of dpkg
    When I run the script:
      """
      chroot /vservers/deb dpkg-query -L cron | grep -v '^/.$' >/tmp/dpkg
      /usr/lib/vserver/distrib-info deb dumpfiles cron | diff /tmp/dpkg -
      """
    Then the command succeeds
    And it prints nothing

  Scenario: what guests may share is neither configuration nor directory
    When I run "/usr/lib/vserver/distrib-info deb unifiles cron"
    Then the output has the line "/usr/sbin/cron"
    And the output does not contain "/etc/"
    And the output does not contain "/var/"
    When I run "/usr/lib/vserver/distrib-info deb unifiles cron | grep -v /usr/share/ | xargs -I FILE test -e /vservers/deb/FILE"
    Then the command succeeds
