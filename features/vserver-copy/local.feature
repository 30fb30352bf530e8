Feature: vserver-copy copies a guest on one machine

  Background:
    Given a guest "web"
    And the guest "web" has the setting ONBOOT=yes
    And the guest "web" has the setting S_HOSTNAME=web.example.com
    And the guest "web" has the setting IPROOT=192.0.2.10

  Scenario: a copy under another name
    When I run "vserver-copy web web2"
    Then the command succeeds
    And the output contains "I: vserver-copy: Attempting to copy web to localhost:web2"
    And the output has the line "I: vserver-copy: Syncing directories"
    And standard error is empty
    And the file "/etc/vservers/web2.conf" has the line "ONBOOT="no""
    And the file "/etc/vservers/web.conf" has the line "ONBOOT=yes"
    When I run "rsync -aHAXn --itemize-changes --delete /vservers/web/ /vservers/web2/"
    Then it prints nothing

  @0.26-13
  Scenario: modes, owners, links, nodes, holes and attributes arrive as they are
    Given the executable file "/root/make":
      """
      #!/bin/sh -e
      cd /vservers/web/tmp
      echo x >suid && chown 4242:4343 suid && chmod 6751 suid && ln suid twin && ln -s /nowhere link
      mknod node c 1 3 && mkfifo fifo && truncate -s 100M hole
      setfattr -n user.note -v text suid && setfattr -n trusted.note -v text suid
      setcap cap_net_raw+ep hole
      touch 'a name' ./--delete && touch -d 2003-11-05 suid
      """
    And I run "/root/make"
    When I run "vserver-copy web web2"
    Then the command succeeds
    When I run the script:
      """
      cd /vservers/web/tmp && stat -c '%n %a %u %g %h %s %t,%T %Y %F %b' ./* >/tmp/one
      cd /vservers/web2/tmp && stat -c '%n %a %u %g %h %s %t,%T %Y %F %b' ./* >/tmp/two
      diff /tmp/one /tmp/two && getfattr -d -m - --only-values -n trusted.note suid && getcap hole
      """
    Then it prints "texthole cap_net_raw=ep"

  Scenario: another name and address are another server
    When I run "vserver-copy -d example.org -i 192.0.2.21 web web2"
    Then the command succeeds
    And the file "/etc/vservers/web2.conf" has the line "S_HOSTNAME="web2""
    And the file "/etc/vservers/web2.conf" has the line "IPROOT="192.0.2.21""
    And the file "/etc/vservers/web2.conf" has the line "ONBOOT=yes"
    And the file "/vservers/web2/etc/hostname" has the line "web2"
    And the file "/vservers/web2/etc/hosts" has the line "192.0.2.21 web2.example.org web2"
    And the file "/vservers/web/etc/hosts" has the line "127.0.0.1 localhost"

  Scenario: stopped here, started there, and never both at boot
    Given the guest "web" is running
    When I run "vserver-copy -s web web2"
    Then the command succeeds
    And the guest "web" is stopped
    And the guest "web2" is running
    And the file "/etc/vservers/web.conf" has the line "ONBOOT="no""
    And the file "/etc/vservers/web2.conf" has the line "ONBOOT=yes"

  Scenario: the profile prod alone gets the address
    Given the file "/etc/vservers/web.conf":
      """
      [ "$PROFILE" ] || PROFILE=prod
      case $PROFILE in
      prod)
          IPROOT="192.0.2.20"
          S_HOSTNAME=web.example.com
          ;;
      backup)
          IPROOT="192.0.2.30"
          ;;
      esac
      """
    When I run "vserver-copy -d example.org -i 192.0.2.21 web web2"
    Then the command succeeds
    When I run "for p in prod backup; do PROFILE=$p /usr/lib/vserver/printconf.sh web2 | grep -E '^(IPROOT|S_HOSTNAME)='; done"
    Then it prints:
      """
      IPROOT=192.0.2.21
      S_HOSTNAME=web2
      IPROOT=192.0.2.30
      S_HOSTNAME=
      """

  @0.29-05 @0.29-22
  Scenario: the tree is where the configuration says
    Given I run "mkdir /data && mv /vservers/web /data/box"
    And the guest "web" has the setting VSERVERDIR=$(echo /data/box)
    When I run "vserver-copy web web2"
    Then the command succeeds
    And the file "/vservers/web2/etc/passwd" exists
    And the file "/etc/vservers/web2.conf" does not contain "VSERVERDIR"

  Scenario: another directory of virtual servers
    Given I run "mkdir /data && mv /vservers/web /data"
    When I run "vserver-copy --vsroot /data web web2"
    Then the command succeeds
    And the file "/data/web2/etc/passwd" exists
    When I run "/usr/lib/vserver/printconf.sh web2"
    Then the output has the line "VSERVERDIR=/data/web2"

  Scenario: a copy that was interrupted is completed, and nothing else is left
    Given I run "head -c 200M /dev/urandom >/vservers/web/tmp/big"
    When I run the script:
      """
      setsid vserver-copy web web2 >/dev/null 2>&1 &
      until ls /vservers/.web2~*/big.* >/dev/null 2>&1; do kill -0 $! || exit; done
      kill -KILL -$!
      ls -A /vservers /var/cache/vserver | sed 's/~.*/~/; s/^tmp.*/PREPARED/'
      """
    Then it prints:
      """
      /var/cache/vserver:
      PREPARED

      /vservers:
      .web2~
      web
      web2
      """
    When I run "vserver-copy --quiet web web2 && ls -A /vservers /var/cache/vserver"
    Then it prints:
      """
      /var/cache/vserver:

      /vservers:
      web
      web2
      """
    When I run "rsync -aHAXn --itemize-changes --delete /vservers/web/ /vservers/web2/"
    Then it prints nothing
    And the file "/etc/vservers/web2.conf" exists

  Scenario: a run that still goes on when it is repeated does no harm
    Given I run "head -c 100M /dev/urandom >/vservers/web/tmp/big"
    When I run the script:
      """
      vserver-copy web web2 >/dev/null 2>&1 &
      until ls /vservers/.web2~*/big.* >/dev/null 2>&1; do kill -0 $! || exit; done
      vserver-copy --quiet web web2 || exit
      wait
      ls -A /vservers
      cmp /vservers/web*/tmp/big
      """
    Then it prints:
      """
      web
      web2
      """

  Scenario Outline: it does not matter where and with what environment it is called
    When I run "<command> --quiet web web2"
    Then the command succeeds
    And the file "/etc/vservers/web2.conf" exists

    Examples:
      | command                                              |
      | mkdir gone && cd gone && rmdir ../gone; vserver-copy |
      | env -i /usr/sbin/vserver-copy                        |
