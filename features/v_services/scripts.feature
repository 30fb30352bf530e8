Feature: there is a v_ script for each service that virtual servers have as well

  @0.1-05 @0.14-18 @0.16-06
  Scenario Outline: it runs the script without v_ on the addresses of its own file
    Given the executable file "/etc/init.d/<service>":
      """
      echo "$1"
      """
    And the file "/etc/vservices/<service>.conf" with the line "IP=192.0.2.10"
    When I run "/etc/init.d/v_<service> stop"
    Then the command succeeds
    And it prints:
      """
      exec /usr/sbin/chbind --ip 192.0.2.10 /etc/init.d/<service> stop
      ipv4root is now 192.0.2.10
      stop
      """

    Examples:
      | service  |
      | httpd    |
      | sshd     |
      | xinetd   |
      | sendmail |
      | named    |
      | portmap  |
      | smb      |
      | gated    |

  @0.1-07
  Scenario: none of them is enabled by the installation
    When I run "ls /etc/rc*.d /etc/systemd/system | grep v_"
    Then the command fails with status 1

  @0.1-08
  Scenario: one is enabled in place of the original
    Given I run "cp /etc/init.d/v_smb /etc/init.d/smb; update-rc.d smb defaults"
    When I run "update-rc.d smb disable; update-rc.d v_smb defaults; ls /etc/rc3.d | grep smb"
    Then it prints:
      """
      K01smb
      S01v_smb
      """

  Scenario: the original is looked for in both directories
    Given the executable file "/etc/rc.d/init.d/named":
      """
      echo from rc.d
      """
    When I run "/etc/init.d/v_named start"
    Then the output has the line "from rc.d"

  Scenario: a broken configuration never starts the service without its confinement
    Given the executable file "/etc/init.d/named":
      """
      echo started
      """
    And the file "/etc/vservices/named.conf" with the line "IP="10.0.0.2"
    When I run "/etc/init.d/v_named start"
    Then the command fails with status 1
    And it prints nothing
    And standard error contains "Error in configuration file /etc/vservices/named.conf"

  Scenario: nor does one that cannot be read, such as a link to a file that is gone
    Given the executable file "/etc/init.d/named":
      """
      echo started
      """
    And the symbolic link "/etc/vservices/named.conf" to "/nowhere/named.conf"
    When I run "/etc/init.d/v_named start"
    Then the command fails with status 1
    And it prints nothing
    And standard error contains "/etc/vservices/named.conf: No such file or directory"

  Scenario: an unknown address
    Given the empty file "/etc/resolv.conf"
    And the file "/etc/vservices/named.conf" with the line "IP=eth7"
    When I run "/etc/init.d/v_named start"
    Then the command fails with status 255

  Scenario Outline: no service is named
    When I run "/usr/lib/vserver/vsysvwrapper <words>"
    Then the command fails with status 1
    And it says "vsysvwrapper service_name" on standard error

    Examples:
      | words             |
      |                   |
      | /etc/init.d/httpd |

  Scenario: how it is called
    When I run "/usr/lib/vserver/vsysvwrapper --help"
    Then the command succeeds
    And standard error contains "vsysvwrapper service_name [argument]..."
