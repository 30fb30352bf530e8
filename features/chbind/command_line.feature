Feature: the command line of chbind

  Scenario: the addresses are told, in the order given
    When I run "chbind --ip 192.0.2.11 --ip eth0 --ip localhost/8 echo run"
    Then it prints:
      """
      ipv4root is now 192.0.2.11 192.0.2.10 127.0.0.1
      run
      """

  Scenario: nothing is told with --silent
    When I run "chbind --silent --ip eth0 echo run"
    Then it prints "run"

  Scenario: arguments, environment and status are the command's own
    When I run "WORD='a  b' chbind --silent --ip eth0 sh -c 'echo "$WORD" "$1"; exit 7' - '*  --ip'"
    Then the command fails with status 7
    And it prints "a  b *  --ip"

  @0.16-15
  Scenario: 0.0.0.0 stands for every address
    Given the host has the address 192.0.2.11 on eth0
    And "chbind --ip 0.0.0.0 --ip 192.0.2.10 listen 0.0.0.0:8080 yes" is listening
    Then the lan machine gets the answer "yes" from 192.0.2.11:8080

  Scenario: without an address nothing changes
    When I run "chbind echo run"
    Then it prints:
      """
      ipv4root is now
      run
      """

  @0.28-05
  Scenario Outline: a value that is missing
    When I run "chbind <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "chbind version 0.31"

    Examples:
      | words                   |
      | --ip                    |
      | --ip eth0 --bcast       |
      | --silent                |
      |                         |
      | --ipaddress eth0 true   |

  @0.26-08 @0.7-22
  Scenario Outline: what is no address is said, and the command not run
    Given the empty file "/etc/resolv.conf"
    When I run "chbind <words> echo run"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "<message>"

    Examples:
      | words                          | message                                           |
      | --ip nosuchdev                 | Invalid IP number or host name: nosuchdev         |
      | --ip eth0:web                  | Invalid IP number or host name: eth0:web          |
      | --ip th0                       | Invalid IP number or host name: th0               |
      | --ip 192.0.2.300               | Invalid IP number or host name: 192.0.2.300       |
      | --ip 192.0.2.10/               | Invalid netmask:                                  |
      | --ip 192.0.2.10/33             | Invalid netmask: 33                               |
      | --ip 192.0.2.10/255.0.255.0    | Invalid netmask: 255.0.255.0                      |
      | --ip ::                        | Invalid IP number or host name: ::                |
      | --ip ::ffff:192.0.2.10         | Invalid IP number or host name: ::ffff:192.0.2.10 |
      | --ip ff02::1                   | Invalid IP number or host name: ff02::1           |
      | --ip eth0 --bcast nosuchhost   | Invalid broadcast number: nosuchhost              |

  @0.7-22
  Scenario: the kernel is not asked about a device that is not in /proc/net/dev
    Given the empty file "/etc/resolv.conf"
    When I run "strace -f -e trace=ioctl -o /tmp/trace chbind --ip nosuchdev true"
    Then the command fails with status 255
    And the file "/tmp/trace" does not contain "nosuchdev"

  Scenario: a command that is not there
    When I run "chbind --silent --ip eth0 nosuchcommand"
    Then the command fails with status 255
    And it says "Can't exec nosuchcommand (No such file or directory)" on standard error

  Scenario: the command may be killed by a closed pipe, as if started directly
    When I run "exec chbind --silent --ip eth0 sh -c 'kill -PIPE $$'"
    Then the command ends by signal 13

  Scenario: only root can
    Given the host has the user "alice"
    When I run "su alice -c '/usr/sbin/chbind --ip 192.0.2.10 true'"
    Then the command fails with status 255
    And it says on standard error:
      """
      Can't set the ipv4 root (Operation not permitted)
      it takes root
      """
