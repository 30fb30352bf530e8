Feature: a virtual server has names of its own

  Background:
    Given a guest "vs1"
    And I run "hostname root.example.com; domainname hostdom"

  @0.22-20
  Scenario: the host name
    Given the guest "vs1" has the setting S_HOSTNAME=guest1
    When I run "vserver --silent vs1 exec hostname; hostname"
    Then it prints:
      """
      guest1
      root.example.com
      """

  @0.10-18
  Scenario: an empty domain name keeps the root server's
    Given the guest "vs1" has the setting S_DOMAINNAME=""
    When I run "vserver --silent vs1 exec cat /proc/sys/kernel/domainname"
    Then it prints "hostdom"

  @0.10-19
  Scenario: a domain name of its own
    Given the guest "vs1" has the setting S_DOMAINNAME="guestdom"
    When I run "vserver --silent vs1 exec cat /proc/sys/kernel/domainname; domainname"
    Then it prints:
      """
      guestdom
      hostdom
      """

  @0.10-20
  Scenario: no domain name at all
    Given the guest "vs1" has the setting S_DOMAINNAME="none"
    When I run "vserver --silent vs1 exec sh -c 'echo [$(cat /proc/sys/kernel/domainname)]'"
    Then it prints "[]"
