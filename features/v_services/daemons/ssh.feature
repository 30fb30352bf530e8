@debian-server
Feature: the secure shell server of the host beside that of a guest

  Background:
    Given a guest "deb" with Debian at 192.0.2.11
    And root of the lan machine may log in to the guest "deb"
    And I run "ln -s ssh /etc/init.d/sshd"
    And I run "cp -r /vservers/deb/root/.ssh /root"
    And I run "/etc/init.d/v_sshd start"

  @0.1-05 @0.29-39
  Scenario: somebody logs in to each of them, at the same port
    Given the guest "deb" is running
    When I run "for n in 10 11; do ssh -qi /tmp/key -o StrictHostKeyChecking=no 192.0.2.$n hostname; done" on the lan machine
    Then it prints:
      """
      host.example.com
      deb
      """

  Scenario: one of them ends
    Given the guest "deb" is running
    When I run "/etc/init.d/v_sshd stop"
    Then "ask ADDRESS:22" shows "SSH-2.0-OpenSSH" at 192.0.2.11
    And the lan machine gets no answer from 192.0.2.10:22

  Scenario: guests are started from a session, whatever its own addresses are
    When I run "ssh -qi /tmp/key -o StrictHostKeyChecking=no 192.0.2.10 vserver deb start" on the lan machine
    Then the command succeeds
    And "ask ADDRESS:22" shows "SSH-2.0-OpenSSH" at 192.0.2.11

  @0.28-04
  Scenario: a session has the display of the machine it comes from
    When I run "DISPLAY=:0 ssh -qYi /tmp/key -o StrictHostKeyChecking=no 192.0.2.10 'echo $DISPLAY; nc -z localhost 6010 && echo reached'" on the lan machine
    Then it prints:
      """
      localhost:10.0
      reached
      """
