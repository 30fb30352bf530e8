@debian-server @0.29-39
Feature: the servers of an unchanged Debian system and a guest have the same ports
  Each server is started by the init script of its own package, and told nothing of addresses. It
  answers at 127.0.0.1 and at the address of eth0, and leaves all others to the guests.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOT=192.0.2.11
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" can listen and ask
    And the guest "web" is running
    And the host has the address 192.0.2.12 on eth0

  @0.1-06 @0.14-18
  Scenario Outline: a link tells where the script is when Debian gives it another name
    Given I run "ln -s <script> /etc/init.d/<service>"
    And "vserver --silent web exec listen 0.0.0.0:<port> guest" is listening
    When I run "/etc/init.d/v_<service> start"
    Then "<client>" shows "<server>" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from 192.0.2.11:<port>
    And the lan machine gets no answer from 192.0.2.12:<port>

    Examples:
      | service  | script  | port | client                  | server          |
      | sshd     | ssh     | 22   | ask ADDRESS:22          | SSH-2.0-OpenSSH |
      | sendmail | postfix | 25   | ask ADDRESS:25          | ESMTP Postfix   |
      | portmap  | rpcbind | 111  | rpcinfo -p ADDRESS      | portmapper      |
      | smb      | smbd    | 445  | smbclient -NL //ADDRESS | IPC Service     |

  @0.1-05
  Scenario: the web servers of the host and of a guest
    Given I run "ln -s apache2 /etc/init.d/httpd"
    When I run "/etc/init.d/v_httpd start"
    Then "wget -qO- http://ADDRESS/" shows "Apache2 Debian Default Page" at 127.0.0.1 and 192.0.2.10
    And "wget -qO- http://ADDRESS/" shows "web" at 192.0.2.11
    And the lan machine gets no answer from 192.0.2.12:80

  @0.1-05
  Scenario: what xinetd serves
    Given I run "sed -i '/disable/s/yes/no/' /etc/xinetd.d/daytime"
    And "vserver --silent web exec listen 0.0.0.0:13 guest" is listening
    When I run "/etc/init.d/v_xinetd start"
    Then "ask ADDRESS:13" shows "UTC" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from 192.0.2.11:13
    And the lan machine gets no answer from 192.0.2.12:13

  Scenario: a name server, asked by connections
    Given "vserver --silent web exec listen 0.0.0.0:53 guest" is listening
    When I run "/etc/init.d/v_named start"
    Then "host -T -t txt -c chaos hostname.bind ADDRESS" shows "host.example.com" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from 192.0.2.11:53
    And the lan machine gets no answer from 192.0.2.12:53

  Scenario: whoever of them starts again finds its port
    Given I run "ln -s ssh /etc/init.d/sshd; /etc/init.d/v_sshd start"
    And "vserver --silent web exec listen 0.0.0.0:22 guest" is listening
    When I run "/etc/init.d/v_sshd restart"
    Then "ask ADDRESS:22" shows "SSH-2.0-OpenSSH" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from 192.0.2.11:22
