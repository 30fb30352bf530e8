Feature: vcheck works with DEB
  The database of dpkg tells digests only; what it does not tell is shown as "?".

  Background:
    Given a guest "ref" with Debian at 192.0.2.20
    And a guest "web" with Debian at 192.0.2.21

  @0.21-01
  Scenario: a changed program and a changed configuration
    Given I run "echo >>/vservers/web/usr/sbin/cron"
    And I run "echo >>/vservers/web/etc/default/cron"
    And I run "rm /vservers/web/usr/bin/crontab"
    When I run "/usr/lib/vserver/vcheck --verify ref web | grep cron | grep -v share"
    Then it prints:
      """
      ??5??????  c /etc/default/cron
      missing     /usr/bin/crontab
      ??5??????    /usr/sbin/cron
      """
