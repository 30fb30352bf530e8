Feature: the v_ services run services of the root server on some addresses only
  A service that listens on every address of the machine would take its port from the virtual
  servers. The v_ service runs the same init script, confined.

  Background:
    Given the host has the device eth1
    And the host has the address 10.0.0.2 on eth1
    And the host has the address 10.0.0.3 on eth1
    And the executable file "/etc/init.d/httpd":
      """
      echo "$# $*" >>/tmp/log
      case $1 in
      start) listen 0.0.0.0:8000 >/tmp/listen 2>&1 & until grep -qs listening /tmp/listen; do sleep 0.01; done ;;
      status) exit 3 ;;
      esac
      """

  @0.1-06
  Scenario: the init script gets the arguments as they are, and its status comes back
    When I run "/etc/init.d/v_httpd status 'a  b'"
    Then the command fails with status 3
    And the output has the line "exec /usr/sbin/chbind --ip 127.0.0.1 --ip eth0 /etc/init.d/httpd status a  b"
    And the file "/tmp/log" is:
      """
      2 status a  b
      """

  @0.29-39 @0.14-21
  Scenario: without a configuration 127.0.0.1 and eth0 are served
    Given there is no file "/etc/vservices"
    When I run "/etc/init.d/v_httpd start"
    Then the command succeeds
    And standard error is empty
    And the host gets the answer "127.0.0.1:8000" from 127.0.0.1:8000
    And the lan machine gets the answer "192.0.2.10:8000" from 192.0.2.10:8000
    And the host gets no answer from 10.0.0.2:8000

  @0.14-20 @0.16-09
  Scenario: an address of its own, instead of the default
    Given the file "/etc/vservices/httpd.conf" with the line "IP=10.0.0.2"
    When I run "/etc/init.d/v_httpd start"
    Then the host gets the answer "10.0.0.2:8000" from 10.0.0.2:8000
    And the host gets no answer from 10.0.0.3:8000
    And the lan machine gets no answer from 192.0.2.10:8000

  @0.16-08
  Scenario: the addresses of a device
    Given the file "/etc/vservices/httpd.conf" with the line "IP=eth1"
    When I run "/etc/init.d/v_httpd start"
    Then the host gets the answer "10.0.0.2:8000" from 10.0.0.2:8000
    And the lan machine gets no answer from 192.0.2.10:8000

  @0.19-20 @0.29-40
  Scenario: several addresses
    Given the file "/etc/vservices/httpd.conf" with the line "IP="10.0.0.2 10.0.0.3""
    When I run "/etc/init.d/v_httpd start"
    Then the host gets the answer "10.0.0.2:8000" from 10.0.0.2:8000
    And the host gets the answer "10.0.0.3:8000" from 10.0.0.3:8000
    And the lan machine gets no answer from 192.0.2.10:8000
    And the host gets no answer from 127.0.0.1:8000

  Scenario: all addresses
    Given the file "/etc/vservices/httpd.conf" with the line "IP=0.0.0.0"
    When I run "/etc/init.d/v_httpd start"
    Then the host gets the answer "10.0.0.3:8000" from 10.0.0.3:8000
    And the lan machine gets the answer "192.0.2.10:8000" from 192.0.2.10:8000

  @0.14-03
  Scenario: the broadcasts of the device reach the service
    Given the executable file "/etc/init.d/named":
      """
      listen -u 0.0.0.0:8053 >/tmp/listen 2>&1 & until grep -qs listening /tmp/listen; do sleep 0.01; done
      """
    And the file "/etc/vservices/named.conf" with the line "IP=eth0"
    When I run "/etc/init.d/v_named start"
    Then the lan machine gets the answer "192.0.2.10:8053 from 192.0.2.10" from broadcast 192.0.2.255:8053

  @0.28-04
  Scenario: a session's X11 display on the loopback works, as sshd forwards it
    Given the executable file "/etc/init.d/sshd":
      """
      listen 127.0.0.1:6010 display >/tmp/listen &
      until grep -qs listening /tmp/listen; do sleep 0.01; done
      ask 127.0.0.1:6010 >/tmp/session
      """
    When I run "/etc/init.d/v_sshd start"
    Then the file "/tmp/session" is:
      """
      display
      """
    And the host gets the answer "display" from 127.0.0.1:6010
    And the lan machine gets no answer from 192.0.2.10:6010
