import type { Messages } from './en.ts';

export const ja: Messages = {
  skip: '本文へ移動',
  languages: '言語',
  problem: '問題',
  optional: '(任意)',
  comma: '、',
  colon: ': ',
  back: '戻る',
  cancel: 'キャンセル',
  save: '保存',
  email: 'メールアドレス',
  password: 'パスワード',
  name: '名前',
  code: 'コード',
  passwordRule: (least) =>
    `${least}文字以上で入力してください。` +
    '互いに関係のない単語をいくつか並べると、覚えやすく、推測されにくくなります。',
  retryIn: (minutes) => `${minutes}分後にもう一度お試しください。`,
  charactersMissing: '不足している文字数:',
  pasteLink: 'メールにあるリンクまたはコード',
  pasteLinkHint:
    'メールのリンク全体をコピーして、ここに貼り付けてください。ボタンを押すまでは何も起こりません。',

  signIn: {
    title: 'サインイン',
    action: 'サインイン',
    forgot: 'パスワードをお忘れの方',
    byCode: '代わりにコードをメールで受け取る',
    noAccount: 'アカウントをお持ちでない方',
    register: 'アカウントを作成する',
    done: {
      'signed-out': 'サインアウトしました。',
      'password-reset':
        '新しいパスワードが設定されました。新しいパスワードでサインインしてください。',
      'change-undone':
        'アドレスは元に戻り、すべてのデバイスがサインアウトされました。' +
        '「パスワードをお忘れの方」から新しいパスワードを設定してください。',
      deleted: 'アカウントが削除されました。',
      expired: 'セッションが終了しました。もう一度サインインしてください。',
    },
  },
  register: {
    title: 'アカウントの作成',
    action: 'アカウントを作成する',
    hasAccount: 'すでにアカウントをお持ちの方',
    signIn: 'サインイン',
    closed:
      '新しいアカウントは招待によってのみ作成できます。サービスの運営者にお問い合わせください。',
  },
  codePage: {
    title: 'コードの入力',
    sent: (address) => `${address} に6桁のコードをお送りしました。`,
    sentLink: 'メールにはリンクもあります。代わりに、この端末でリンクを開くこともできます。',
    app: '認証アプリに今表示されている6桁の数字を入力してください。',
    recovery: 'アプリがお手元にない場合は、同じ欄にリカバリーコードを入力してください。',
    action: '続ける',
    resend: 'コードを再送信する',
    resent: '新しいコードをお送りしました。最新のコードだけが使えます。',
    resendFrom: '次に送信できる日時:',
    nothing:
      'このブラウザーには確認するものがないか、時間が経ちすぎました。最初からやり直してください。',
    begin: 'サインイン',
  },
  forgot: {
    title: 'パスワードをお忘れの方',
    text:
      'アカウントのメールアドレスを入力してください。' +
      '新しいパスワードを設定するためのリンクをお送りします。',
    action: 'リンクをメールで受け取る',
    sent: 'このアドレスのアカウントがある場合は、メールをお送りしました。リンクは1時間有効です。',
    signIn: 'サインインに戻る',
  },
  reset: {
    title: '新しいパスワードの設定',
    newPassword: '新しいパスワード',
    action: 'パスワードを設定する',
    text: 'サインイン中のすべてのデバイスがサインアウトされます。',
    again: '新しいリンクを請求する',
  },
  verify: {
    title: 'アドレスの確認',
    text: 'お送りしたメールのリンクが開かれました。続けるにはボタンを押してください。',
    action: '確認してサインインする',
    password: '登録時のパスワード',
    passwordHint:
      '別のデバイスで登録した場合のみ入力してください。' +
      'サインイン用のリンクを請求した場合は、空欄のままにしてください。',
    wrong:
      '登録時のパスワードと異なります。' +
      '空欄のまま進み、あとで別のパスワードを選ぶこともできます。',
  },
  undo: {
    title: 'アドレス変更の取り消し',
    text:
      'アカウントのメールアドレスが過去7日以内に変更されました。' +
      'お心当たりがない場合は、ここで取り消してください。',
    effect:
      'アドレスは元に戻り、すべてのデバイスがサインアウトされ、パスワードは使えなくなります。' +
      'そのあとで新しいパスワードを設定していただきます。',
    action: '変更を取り消す',
  },
  stepUp: {
    title: 'ご本人であることの確認',
    text: 'この操作には、もう一度ご本人の確認が必要です。確認後、操作の続きに進みます。',
    action: '続ける',
    sendCode: 'コードをメールで受け取る',
    noPassword: 'アカウントにパスワードがないため、コードをメールでお送りします。',
    proved:
      '確認できました。もう一度操作してください。パスワードとコードは入力し直す必要があります。',
    wrong: 'パスワードが正しくありません。',
  },
  signOut: {
    title: 'サインアウト',
    action: 'サインアウト',
    text: 'このブラウザーからサインアウトします。',
  },
  onward: {
    title: 'サインインしました',
    action: (host) => `${host} へ進む`,
  },
  home: {
    title: 'アカウント',
    noPassword: 'アカウントにまだパスワードがありません。',
    choosePassword: 'パスワードを設定する',
    noFactor: '認証アプリを設定すると、パスワードを知られてもアカウントを守れます。',
    addFactor: '認証アプリを設定する',
    signedInAs: 'サインイン中:',
  },
  profile: {
    title: 'プロフィール',
    language: 'メールとページの言語',
    browserLanguage: 'ブラウザーの設定に合わせる',
    saved: '保存しました。',
  },
  security: {
    title: 'セキュリティ',
    change: '変更',
    none: 'なし',
    on: 'オン',
    off: 'オフ',
    codesLeft: (count) => `残り${count}個`,
    authenticator: '認証アプリ',
    recoveryCodes: 'リカバリーコード',
    setUp: '設定',
    manage: '管理',
    passwordSet: '設定済み',
  },
  passwordPage: {
    title: 'パスワードの変更',
    first: 'パスワードの設定',
    current: '現在のパスワード',
    action: 'パスワードを設定する',
    text: 'ほかのデバイスはサインアウトされます。',
    wrong: '現在のパスワードが正しくありません。',
    done: '新しいパスワードが設定されました。ほかのデバイスはサインアウトされました。',
  },
  emailPage: {
    title: 'メールアドレスの変更',
    now: '現在のアドレス',
    newEmail: '新しいメールアドレス',
    action: '新しいアドレスにコードを送る',
    text: 'これまでのアドレスにお知らせします。そこから7日間は変更を取り消せます。',
    confirm: 'アドレスを変更する',
    done: 'アドレスが変更されました。ほかのデバイスはサインアウトされました。',
    other: '別のアドレスを使う',
  },
  authenticatorPage: {
    title: '認証アプリ',
    why:
      'スマートフォンのアプリに、30秒ごとに新しいコードが表示されます。' +
      '設定後は、サインインのたびにコードが必要です。',
    begin: 'アプリを設定する',
    replace: '別のアプリを設定する',
    scan: 'アプリでこの画像を読み取るか、アプリにキーを入力してください。',
    picture: '認証アプリ用のQRコード',
    key: 'キー',
    open: 'この端末のアプリで開く',
    confirm: '次に、アプリに表示されたコードを入力してください。',
    action: 'オンにする',
    startOver: '別のキーで最初からやり直す',
    isOn: 'サインインにはアプリのコードが必要です。',
    remove: 'アプリの設定を解除する',
    removed: '認証アプリの設定が解除されました。ほかのデバイスはサインアウトされました。',
    removeText: 'パスワードだけでサインインできるようになり、リカバリーコードは削除されます。',
  },
  codesPage: {
    title: 'リカバリーコード',
    keep:
      'このコードは、スマートフォンがなくても見られる場所に保管してください。' +
      'アプリの代わりに、それぞれ一度だけサインインに使えます。表示されるのは今回だけです。',
    done: '保管しました',
    again: '新しいコードを作る',
    text:
      '新しいコードを作ると、以前のコードはすぐに使えなくなります。' +
      'ほかのデバイスはサインアウトされます。',
    withoutApp: 'リカバリーコードを使うには認証アプリが必要ですが、まだ設定されていません。',
    enabled: '認証アプリがオンになりました。',
  },
  devices: {
    title: 'デバイス',
    text: 'サインインしているデバイスです。',
    current: 'このデバイス',
    unknown: '不明なデバイス',
    lastUsed: '最後の使用',
    since: 'サインイン',
    signOut: 'サインアウト',
    everywhere: 'すべてサインアウト',
    everywhereText: 'このデバイスを含む、すべてのデバイスです。',
    done: 'デバイスをサインアウトしました。',
    more: 'ほかのデバイス',
  },
  activity: {
    title: 'アクティビティ',
    text: 'アカウントで起きたことを、新しい順に表示します。',
    none: 'まだ何もありません。',
    more: '以前の記録',
    failed: '失敗',
  },
  data: {
    title: 'データ',
    export: 'データのダウンロード',
    exportText: '保管されているあなたの情報のすべてです。JSONファイルで受け取れます。',
    download: 'ダウンロード',
    delete: 'アカウントの削除',
    deleteText: '元に戻すことはできません。すべてのデバイスがすぐにサインアウトされます。',
    confirm: '確認のため、メールアドレスを入力してください',
    deleteAction: 'アカウントを削除する',
    lastAdmin:
      '管理者のアカウントはこれが最後です。先に別のアカウントにそのロールを与えてください。',
  },

  refusals: {
    VALIDATION_FAILED: '入力内容に直していただきたい点があります。',
    INVALID_CREDENTIALS: 'メールアドレスまたはパスワードが正しくありません。',
    INVALID_OR_EXPIRED_CODE: 'コードが正しくないか、有効期限が切れています。',
    INVALID_OR_EXPIRED_TOKEN: 'リンクが正しくないか、すでに使われたか、有効期限が切れています。',
    STEP_UP_REQUIRED: 'ご本人であることを確認してから、もう一度お試しください。',
    RATE_LIMITED: '試行回数が多すぎます。',
    NOT_FOUND: 'すでに存在しません。',
    CONFLICT: 'アカウントの現在の状態と合いません。確認して、もう一度お試しください。',
    UNAUTHENTICATED: 'セッションが終了しました。もう一度サインインしてください。',
    FORBIDDEN: 'この操作は許可されていません。',
    BAD_USER_INPUT: '送信された内容を読み取れませんでした。',
    OVERLOADED: 'サーバーが混み合っています。しばらくしてからもう一度お試しください。',
    UNAVAILABLE: '現在サービスをご利用いただけません。しばらくしてからもう一度お試しください。',
    INTERNAL_SERVER_ERROR: 'サーバーで問題が発生しました。しばらくしてからもう一度お試しください。',
    FOREIGN_FORM:
      'このフォームはほかのサイトから送られたか、ブラウザーが送信元を隠しました。' +
      'ページを開いて、もう一度お試しください。',
    PAGE_NOT_FOUND: 'このアドレスにページはありません。',
  },

  problems: {
    INVALID: '正しくありません。',
    REQUIRED: '入力してください。',
    TOO_SHORT: '短すぎます。',
    TOO_LONG: '長すぎます。',
    INVALID_EMAIL: 'メールアドレスではありません。',
    INVALID_CHARACTER: 'ここでは使えない文字が含まれています。',
    MISMATCH: '一致しません。',
    UNCHANGED: 'すでにその内容になっています。',
    UNSUPPORTED: '対応していません。',
    UNSUPPORTED_LOCALE: 'この言語には対応していません。',
    PASSWORD_COMMON:
      '多くの人が使っているパスワードのため、最初に試されます。別のパスワードにしてください。',
    PASSWORD_CONTEXT: 'アドレスまたは名前に似すぎています。別のパスワードにしてください。',
    PASSWORD_WEAK: '推測されやすいパスワードです。互いに関係のない単語をいくつか加えてください。',
    PASSWORD_BREACHED:
      'データ流出によって知られているパスワードです。別のパスワードにしてください。',
  },

  events: {
    'account.registered': 'アカウントの作成',
    'account.register_repeated': 'あなたのアドレスでの登録の試み',
    'email.verified': 'アドレスの確認',
    'session.opened': 'サインイン',
    'session.closed': 'サインアウト',
    'login.failed': '誤ったパスワード',
    'otp.sent': 'コードの送信',
    'otp.failed': '誤ったコード',
    'refresh.reused': '複製されたセッションの使用による終了',
    'signing_key.created': '署名鍵の作成',
    'signing_key.removed': '署名鍵の削除',
    'session.stepped_up': 'ご本人の確認',
    'step_up.failed': 'ご本人の確認の失敗',
    'totp.enrollment_started': '認証アプリの設定の開始',
    'totp.enabled': '認証アプリの設定',
    'totp.disabled': '認証アプリの設定の解除',
    'recovery_code.used': 'リカバリーコードの使用',
    'recovery_codes.regenerated': '新しいリカバリーコードの作成',
    'user.suspended': '管理者によるアカウントの停止',
    'user.reinstated': '管理者によるアカウントの再開',
    'user.roles_changed': '管理者によるロールの変更',
    'user.sessions_revoked': '管理者によるすべてのデバイスのサインアウト',
    'user.factors_reset': '管理者による二段階目の認証の解除',
    'user.password_reset': '管理者によるパスワードの再設定',
    'user.created': '管理者によるアカウントの作成',
    'users.imported': 'アカウントの取り込み',
    'password.reset_requested': '新しいパスワードのリンクの請求',
    'password.reset': 'メールのリンクによるパスワードの再設定',
    'password.reset_failed': '新しいパスワードのリンクの拒否',
    'password.changed': 'パスワードの変更',
    'password.change_failed': 'パスワードの変更の拒否',
    'profile.updated': 'プロフィールの変更',
    'email.change_requested': 'アドレス変更の開始',
    'email.changed': 'アドレスの変更',
    'email.change_undone': 'アドレス変更の取り消し',
    'account.exported': 'データのダウンロード',
    'account.deleted': 'アカウントの削除',
    'device.new': '新しいデバイスでのサインイン',
  },
};
