Feature: where a guest's tree lies is a matter of configuration

  Scenario: the setting VSERVERDIR
    Given a guest "web"
    And I run "mkdir -p /data/x; mv /vservers/web /data/x/box"
    And the guest "web" has the setting VSERVERDIR=/data/x/box
    When I run "vserver web start && vserver --silent web exec cat /var/www/index.html && vserver web stop"
    Then the command succeeds
    And the output has the line "web"

  Scenario: the root of all guests
    Given a guest "web"
    And I run "mkdir -p /srv/vs; mv /vservers/web /srv/vs"
    And the file "/etc/vservers.conf" with the line "VSERVERS_ROOT=/srv/vs"
    When I run "vserver web start && vserver --silent web exec cat /var/www/index.html && vserver web stop"
    Then the command succeeds
    And the output has the line "web"
    When I run "vserver --help"
    Then the output has the line "server-name is a directory in /srv/vs"
