@debian-server
Feature: init scripts that would leave their work to systemd
  The scripts of Debian and Red Hat ask systemd, where there is one, to start the service. It would
  be started outside of its confinement.

  Background:
    Given I run "ln -s ssh /etc/init.d/sshd; mkdir -p /run/systemd/system"

  Scenario: the script itself asks systemd
    When I run "/etc/init.d/ssh start 2>&1"
    Then the command fails
    And the output has the line "Failed to connect to bus: No such file or directory"

  Scenario: the v_ service has the script do it
    When I run "/etc/init.d/v_sshd start"
    Then the command succeeds
    And the output has the line "Starting OpenBSD Secure Shell server: sshd."
    And "ask ADDRESS:22" shows "SSH-2.0-OpenSSH" at 127.0.0.1 and 192.0.2.10

  Scenario: chbind by hand
    When I run "SYSTEMCTL_SKIP_REDIRECT=1 chbind --silent --ip eth0 /etc/init.d/ssh start"
    Then the command succeeds
    And "ask ADDRESS:22" shows "SSH-2.0-OpenSSH" at 192.0.2.10
